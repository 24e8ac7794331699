import { input, type Node, type Tensor } from "@espalier/tensor";
import type { ModelConfig, Rotary } from "@espalier/model";

/** Cosine and sine of each position's angles, [time, turned/2]. */
export interface RotaryTables {
  readonly cos: Node;
  readonly sin: Node;
}

type RotaryConfig = Pick<ModelConfig, "rotary">;

const name = (index: number, part: "cos" | "sin"): string => `rotary${index}.${part}`;

/** The inputs that {@link rotaryTables} feeds, for each of the config's rotary embeddings. */
export const rotaryInputs = ({ rotary }: RotaryConfig): RotaryTables[] =>
  rotary.map(({ turned }, index) => ({
    cos: input(name(index, "cos"), ["time", turned / 2]),
    sin: input(name(index, "sin"), ["time", turned / 2]),
  }));

/** Feeds for positions 0 … time − 1. */
export function rotaryTables({ rotary }: RotaryConfig, time: number): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const [index, each] of rotary.entries()) {
    const { cos, sin } = rotaryTable(each, time);
    const shape = [time, each.turned / 2];
    feeds[name(index, "cos")] = { dtype: "f32", shape, data: cos };
    feeds[name(index, "sin")] = { dtype: "f32", shape, data: sin };
  }
  return feeds;
}

/**
 * Cosine and sine [time, turned/2] of the angles position · frequency, times the embedding's magnitude.
 * Su et al. 2021 (arXiv:2104.09864) §3.2.2. transformers keeps frequencies in fp32, and so does this.
 */
export function rotaryTable(rotary: Rotary, time: number): { cos: Float32Array; sin: Float32Array } {
  const { values, magnitude } = frequencies(rotary, time);
  const half = values.length;
  const cos = new Float32Array(time * half);
  const sin = new Float32Array(time * half);
  for (const [i, frequency] of values.entries()) {
    for (let position = 0; position < time; position++) {
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = Math.fround(Math.cos(angle)) * magnitude;
      sin[position * half + i] = Math.fround(Math.sin(angle)) * magnitude;
    }
  }
  return { cos, sin };
}

/** Which lengths turn alike: texts of different kinds must not share a run, because their tables differ. */
export function rotaryKind({ rotary }: RotaryConfig, time: number): number {
  for (const { scaling } of rotary) {
    if (scaling.kind === "longrope" && time > scaling.original) return Number.POSITIVE_INFINITY;
    if (scaling.kind === "dynamic" && time > scaling.original) return time;
  }
  return 0;
}

/**
 * Frequency of each pair of numbers for texts of `time` tokens.
 * - `linear`: position interpolation, Chen et al. 2023 (arXiv:2306.15595);
 * - `dynamic`: a base that grows with the length beyond the trained one (NTK-aware scaling);
 * - `llama3`: long waves are interpolated, short ones stay, those between are mixed (Llama 3.1, arXiv:2407.21783);
 * - `longrope`: a factor for each frequency, one set up to the trained length and one beyond, Ding et al. 2024
 *   (arXiv:2402.13753).
 */
function frequencies(
  { turned, theta, scaling }: Rotary,
  time: number,
): { values: Float32Array; magnitude: number } {
  const half = turned / 2;
  const plain = (base: number) =>
    Float32Array.from({ length: half }, (_, i) => 1 / Math.fround(base ** ((2 * i) / turned)));
  switch (scaling.kind) {
    case "default":
      return { values: plain(theta), magnitude: 1 };
    case "linear":
      return { values: plain(theta).map((f) => f / scaling.factor), magnitude: 1 };
    case "dynamic": {
      const { factor, original } = scaling;
      const stretch = (factor * Math.max(time, original)) / original - (factor - 1);
      return { values: plain(theta * stretch ** (turned / (turned - 2))), magnitude: 1 };
    }
    case "llama3": {
      const { factor, lowFrequency, highFrequency, original } = scaling;
      const values = plain(theta).map((f) => {
        const wavelength = (2 * Math.PI) / f;
        if (wavelength < original / highFrequency) return f;
        if (wavelength > original / lowFrequency) return f / factor;
        const share = (original / wavelength - lowFrequency) / (highFrequency - lowFrequency);
        return ((1 - share) * f) / factor + share * f;
      });
      return { values, magnitude: 1 };
    }
    case "longrope": {
      const factors = time > scaling.original ? scaling.long : scaling.short;
      const values = Float32Array.from(
        factors,
        (factor, i) => 1 / Math.fround(Math.fround(factor) * theta ** ((2 * i) / turned)),
      );
      return { values, magnitude: scaling.magnitude };
    }
  }
}
