import type { KeptLayers } from "@espalier/contract";
import type { ModelConfig } from "../architectures/model-config.ts";
import { layerOf } from "../architectures/tensors.ts";

/** The numbers of the layers that are kept. */
export const layerNumbers = (kept: KeptLayers): readonly number[] =>
  typeof kept === "number" ? Array.from({ length: kept }, (_, i) => i) : kept;

/**
 * The name of a weight in a model of the layers that are kept, which are renumbered; undefined for a weight of another
 * layer. Weights outside the layers keep their names.
 * @param name without the prefix of a model with a head
 */
export const survivingName = (
  name: string,
  kept: KeptLayers,
  config: Pick<ModelConfig, "naming">,
): string | undefined =>
  moved(name, config, (layer) => {
    if (typeof kept === "number") return layer < kept ? layer : undefined;
    const place = kept.indexOf(layer);
    return place < 0 ? undefined : place;
  });

/** The name that a weight had before {@link survivingName} renamed it. */
export const formerName = (name: string, kept: KeptLayers, config: Pick<ModelConfig, "naming">): string =>
  moved(name, config, (place) => (typeof kept === "number" ? place : kept[place])) ?? name;

function moved(
  name: string,
  config: Pick<ModelConfig, "naming">,
  to: (layer: number) => number | undefined,
): string | undefined {
  const layer = layerOf(name, config);
  if (layer === undefined) return name;
  const number = to(layer);
  if (number === undefined) return undefined;
  const { layer: before } = config.naming;
  return `${before}${number}${name.slice(before.length + String(layer).length)}`;
}

/** Whether a weight belongs to a layer that is kept, or to none. */
export const survives = (name: string, kept: KeptLayers, config: Pick<ModelConfig, "naming">): boolean =>
  survivingName(name, kept, config) !== undefined;
