import { Problem } from "@espalier/contract";
import type { ModelConfig } from "../architectures/model-config.ts";
import { layerOf } from "../architectures/tensors.ts";

/**
 * Whether a weight belongs to a model that keeps its first `layers` layers: all do but those of the layers after them.
 * @param name without the prefix of a model with a head
 */
export function survives(name: string, layers: number, config: Pick<ModelConfig, "naming">): boolean {
  const layer = layerOf(name, config);
  return layer === undefined || layer < layers;
}

/** @throws {Problem} `layers/out-of-range` unless 1 <= layers <= depth */
export function checkDepth(layers: number, depth: number): void {
  if (Number.isInteger(layers) && layers >= 1 && layers <= depth) return;
  const detail = `${layers} layers cannot be kept of ${depth}; choose 1 to ${depth}`;
  throw new Problem("layers/out-of-range", detail, { field: "/layers" });
}
