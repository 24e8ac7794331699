import { Problem, type Mode } from "@espalier/contract";
import { weight, type Arrays, type WeightSource } from "@espalier/tensor";
import {
  type Linear,
  linearLayers,
  type LoraAdapter,
  type LoraPair,
  type ModelConfig,
} from "@espalier/model";
import { loraName, type LinearOptions } from "../blocks/linear.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { Random } from "../random.ts";
import type { Trainable } from "./trainable.ts";

/** The names that l3prune lists; PEFT adapts the linear layers whose names end in one of them. */
const referenceTargets = /\.(q|k|v|o|gate|up|down)_proj$/;

/**
 * The linear layers that an adapter adapts: all of them, fused ones whole. In reference mode those alone that l3prune's
 * list of names finds, which of Phi-3's are `o_proj` and `down_proj`.
 * @throws {Problem} `config/unsupported` when it finds none
 */
function adaptedLayers(config: ModelConfig, mode: Mode = "default"): Linear[] {
  const all = linearLayers(config);
  if (mode === "default") return all;
  const found = all.filter(({ name }) => referenceTargets.test(name));
  if (found.length > 0) return found;
  throw new Problem(
    "config/unsupported",
    `The reference implementation adapts no linear layer of a ${config.modelType}; train in the default mode.`,
    { field: "/mode" },
  );
}

/** The factors A [rank, in] and B [out, rank] of a model's adapter by PEFT's names, with their shapes, layer by layer. */
export const loraShapes = (config: ModelConfig, rank: number, mode?: Mode): Map<string, readonly number[]> =>
  new Map(
    adaptedLayers(config, mode).flatMap(({ name, inputs, outputs }): [string, readonly number[]][] => [
      [loraName(name, "A"), [rank, inputs]],
      [loraName(name, "B"), [outputs, rank]],
    ]),
  );

/**
 * Where training starts: A uniform in ±1/√in, which is Kaiming's bound for a = √5 (He et al. 2015, arXiv:1502.01852, as
 * PEFT draws it), and B zero, so that the adapted model is the model itself.
 */
export function startLora(
  config: ModelConfig,
  rank: number,
  random: Random,
  mode?: Mode,
): Map<string, Float32Array> {
  const factors = new Map<string, Float32Array>();
  for (const [name, shape] of loraShapes(config, rank, mode)) {
    const data = new Float32Array(shape[0]! * shape[1]!);
    if (name.endsWith(".lora_A.weight")) {
      const bound = 1 / Math.sqrt(shape[1]!);
      for (let i = 0; i < data.length; i++) data[i] = (2 * random.uniform() - 1) * bound;
    }
    factors.set(name, data);
  }
  return factors;
}

/** An adapter on the linear layers of a frozen model. */
export function lora(
  { config }: LoadedModel,
  { rank, alpha, seed, mode = "default" }: LoraOptions,
): Trainable {
  const adapted = new Set(adaptedLayers(config, mode).map(({ name }) => name));
  return {
    shapes: loraShapes(config, rank, mode),
    start: async () => startLora(config, rank, Random.seeded(seed), mode),
    graph: (parameter) => ({
      parameter: weight,
      adapter: { rank, alpha, parameter, adapts: (name) => adapted.has(name) },
    }),
  };
}

export interface LoraOptions {
  readonly rank: number;
  readonly alpha: number;
  readonly seed: number;
  readonly mode?: Mode | undefined;
}

/** An adapter as it is stored, from its factors by PEFT's names. */
export function adapterOf(
  factors: Arrays,
  config: ModelConfig,
  rank: number,
  alpha: number,
  mode?: Mode,
): LoraAdapter {
  const pairs = adaptedLayers(config, mode).map(({ name, inputs, outputs }): [string, LoraPair] => {
    const [a, b] = [factors.get(loraName(name, "A"))!, factors.get(loraName(name, "B"))!];
    return [name, { a, b, inputs, outputs }];
  });
  return { rank, alpha, pairs: new Map(pairs) };
}

/** How a graph that trains nothing gets a model's weights, with those of an adapter where there is one. */
export function frozen(
  { weights }: LoadedModel,
  adapter: LoraAdapter | undefined,
): { linears: LinearOptions; weights: ReadonlyMap<string, WeightSource> } {
  if (adapter === undefined) return { linears: { parameter: weight }, weights };
  const { rank, alpha, pairs } = adapter;
  return {
    linears: {
      parameter: weight,
      adapter: { rank, alpha, parameter: weight, adapts: (name) => pairs.has(name) },
    },
    weights: new Map([...weights, ...loraWeights(adapter)]),
  };
}

/** An adapter's factors as weights to open a graph with. */
function loraWeights({ rank, pairs }: LoraAdapter): Map<string, WeightSource> {
  return new Map(
    [...pairs].flatMap(([layer, { a, b, inputs, outputs }]): [string, WeightSource][] => [
      [loraName(layer, "A"), { data: a, shape: [rank, inputs] }],
      [loraName(layer, "B"), { data: b, shape: [outputs, rank] }],
    ]),
  );
}
