import { input, type Node, type Tensor } from "@espalier/graph";
import type { LlamaConfig } from "./llama.ts";

/** Cosine and sine of each position's angles, [time, headSize/2]. */
export interface RotaryTables {
  readonly cos: Node;
  readonly sin: Node;
}

type RotaryConfig = Pick<LlamaConfig, "headSize" | "ropeTheta">;

/** The inputs that {@link rotaryTables} feeds. */
export const rotaryInputs = ({ headSize }: RotaryConfig): RotaryTables => ({
  cos: input("rotary.cos", ["time", headSize / 2]),
  sin: input("rotary.sin", ["time", headSize / 2]),
});

/**
 * Feeds for positions 0 … time − 1: angle = position · theta^(−2i/headSize) for pair i.
 * Su et al. 2021 (arXiv:2104.09864) §3.2.2.
 */
export function rotaryTables({ headSize, ropeTheta }: RotaryConfig, time: number): Record<string, Tensor> {
  const half = headSize / 2;
  const cos = new Float32Array(time * half);
  const sin = new Float32Array(time * half);
  for (let i = 0; i < half; i++) {
    // transformers keeps the frequency in fp32 before it is multiplied by the position.
    const frequency = Math.fround(ropeTheta ** ((-2 * i) / headSize));
    for (let position = 0; position < time; position++) {
      const angle = Math.fround(position * frequency);
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  const shape = [time, half];
  return {
    "rotary.cos": { dtype: "f32", shape, data: cos },
    "rotary.sin": { dtype: "f32", shape, data: sin },
  };
}
