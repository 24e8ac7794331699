import { keptLayers } from "@espalier/encoder";
import type { KeptLayers } from "@espalier/model";
import type { Depth } from "./protocol.ts";

/**
 * The layers that are meant, of a model with so many.
 * @throws {Problem} `layers/out-of-range` for a share that leaves none
 */
export function resolveDepth(depth: Depth, layers: number): KeptLayers {
  if (typeof depth === "number") return depth;
  return "keep" in depth ? depth.keep : keptLayers(layers, depth.dropPercent);
}
