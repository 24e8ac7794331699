import { keptLayers } from "@espalier/encoder";
import type { Depth } from "./protocol.ts";

/**
 * The number of layers that is meant, of a model with so many.
 * @throws {Problem} `layers/out-of-range` for a share that leaves none
 */
export const resolveDepth = (depth: Depth, layers: number): number =>
  typeof depth === "number" ? depth : keptLayers(layers, depth.dropPercent);
