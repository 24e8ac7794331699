import type { Arrays, WeightSource } from "@espalier/graph";
import type { ModelConfig } from "../architectures/model-config.ts";
import { linearLayers } from "../architectures/tensors.ts";
import { loraName } from "../blocks/linear.ts";
import type { LoraAdapter, LoraPair } from "../checkpoint/index.ts";
import type { Random } from "../random.ts";

/** The factors A [rank, in] and B [out, rank] of a model's adapter by PEFT's names, with their shapes, layer by layer. */
export const loraShapes = (config: ModelConfig, rank: number): Map<string, readonly number[]> =>
  new Map(
    linearLayers(config).flatMap(({ name, inputs, outputs }): [string, readonly number[]][] => [
      [loraName(name, "A"), [rank, inputs]],
      [loraName(name, "B"), [outputs, rank]],
    ]),
  );

/**
 * Where training starts: A uniform in ±1/√in, which is Kaiming's bound for a = √5 (He et al. 2015, arXiv:1502.01852, as
 * PEFT draws it), and B zero, so that the adapted model is the model itself.
 */
export function startLora(config: ModelConfig, rank: number, random: Random): Map<string, Float32Array> {
  const factors = new Map<string, Float32Array>();
  for (const [name, shape] of loraShapes(config, rank)) {
    const data = new Float32Array(shape[0]! * shape[1]!);
    if (name.endsWith(".lora_A.weight")) {
      const bound = 1 / Math.sqrt(shape[1]!);
      for (let i = 0; i < data.length; i++) data[i] = (2 * random.uniform() - 1) * bound;
    }
    factors.set(name, data);
  }
  return factors;
}

/** An adapter as it is stored, from its factors by PEFT's names. */
export function adapterOf(factors: Arrays, config: ModelConfig, rank: number, alpha: number): LoraAdapter {
  const shapes = loraShapes(config, rank);
  const pairs = new Map<string, LoraPair>();
  for (const [name, [, inputs]] of shapes) {
    const layer = layerOf(name, "A");
    if (layer === undefined) continue;
    const other = loraName(layer, "B");
    const [outputs] = shapes.get(other)!;
    pairs.set(layer, { a: factors.get(name)!, b: factors.get(other)!, inputs: inputs!, outputs: outputs! });
  }
  return { rank, alpha, pairs };
}

/** The linear layer that a factor adapts, such as `layers.0.self_attn.q_proj`. */
function layerOf(name: string, factor: "A" | "B"): string | undefined {
  const [prefix, suffix] = loraName("|", factor).split("|") as [string, string];
  return name.startsWith(prefix) && name.endsWith(suffix)
    ? name.slice(prefix.length, -suffix.length)
    : undefined;
}

/** An adapter's factors as weights to open a graph with. */
export function loraWeights({ rank, pairs }: LoraAdapter): Map<string, WeightSource> {
  return new Map(
    [...pairs].flatMap(([layer, { a, b, inputs, outputs }]): [string, WeightSource][] => [
      [loraName(layer, "A"), { data: a, shape: [rank, inputs] }],
      [loraName(layer, "B"), { data: b, shape: [outputs, rank] }],
    ]),
  );
}
