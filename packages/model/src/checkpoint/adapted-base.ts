import { keptLayers, Problem, type FixedLayersRef, type KeptLayers } from "@espalier/contract";
import type { Block, ModelConfig } from "../architectures/model-config.ts";
import type { LoraAdapter } from "./adapter.ts";
import { adapterConfigFile as file } from "./adapter-config.ts";
import { formerName, layerNumbers } from "./surviving.ts";

/**
 * Whether PEFT can make a model of these layers: it moves their weights, while windows and positions stay where the
 * config has them.
 */
export function replicable({ blocks }: ModelConfig, layers: readonly number[]): boolean {
  const where = ({ attention: { window, rotary } }: Block) => `${window} ${rotary}`;
  return layers.every((layer, place) => where(blocks[layer]!) === where(blocks[place]!));
}

/**
 * Which layers of its base an adapter is on; undefined where these are all.
 * @throws {Problem} `config/unsupported` for layers that the base does not have, or cannot be put together from
 */
export function adaptedDepth(
  { layers }: Pick<LoraAdapter, "layers">,
  config: ModelConfig,
): readonly number[] | undefined {
  if (layers === undefined) return undefined;
  const refuse = (reason: string): never => {
    throw new Problem("config/unsupported", `${file}: layer_replication ${reason}`, {
      file,
      field: "/layer_replication",
    });
  };
  const missing = layers.find((layer) => layer >= config.layers);
  if (missing !== undefined) refuse(`names layer ${missing} of a base that has ${config.layers}`);
  if (!replicable(config, layers))
    refuse("moves layers that differ in their windows or positions, which PEFT leaves where they were");
  return layers;
}

/**
 * Layers of a model with an adapter, by their numbers in the base, and the adapter by the same numbers.
 * @param ref layers of the adapted model. @default all
 * @throws {Problem} what {@link adaptedDepth} throws, and `layers/out-of-range`
 */
export function onBase(
  adapter: LoraAdapter,
  config: ModelConfig,
  ref?: FixedLayersRef | KeptLayers,
): { layers: KeptLayers; adapter: LoraAdapter } {
  const layers = adaptedDepth(adapter, config);
  const depth = layers?.length ?? config.layers;
  const kept = keptLayers(ref ?? depth, depth);
  if (layers === undefined) return { layers: kept, adapter };
  const pairs = new Map([...adapter.pairs].map(([name, pair]) => [formerName(name, layers, config), pair]));
  const { rank, alpha } = adapter;
  return { layers: layerNumbers(kept).map((place) => layers[place]!), adapter: { rank, alpha, pairs } };
}
