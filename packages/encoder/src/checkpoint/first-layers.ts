import type { LoraAdapter } from "./adapter.ts";
import { mergeAdapter } from "./merge.ts";
import { truncateCheckpoint } from "./truncate.ts";

/**
 * Writes the first `layers` layers of the checkpoint in `source` to the new folder `target`: by copying byte ranges, or
 * merging the adapter into them where there is one.
 * @throws {Problem} what {@link truncateCheckpoint} and {@link mergeAdapter} throw; `resource/conflict` when `target` exists
 */
export const saveFirstLayers = (
  source: string,
  target: string,
  layers: number,
  adapter?: LoraAdapter,
): Promise<void> =>
  adapter === undefined
    ? truncateCheckpoint(source, target, layers)
    : mergeAdapter(source, adapter, target, { layers });
