import type { KeptLayers } from "@espalier/contract";
import type { ModelSource } from "../files/read-text.ts";
import type { LoraAdapter } from "./adapter.ts";
import { mergeAdapter } from "./merge.ts";
import { truncateCheckpoint, type TruncateOptions } from "./truncate.ts";

/**
 * Writes some layers of the checkpoint `source` to the new folder `target`: by copying byte ranges, or merging the
 * adapter into them where there is one.
 * @param adapter of the checkpoint `source`, whatever layers are kept
 * @throws {Problem} what {@link truncateCheckpoint} and {@link mergeAdapter} throw; `resource/conflict` when `target` exists
 */
export const saveLayers = (
  source: ModelSource,
  target: string,
  { layers, ...options }: { readonly layers: KeptLayers } & TruncateOptions,
  adapter?: LoraAdapter,
): Promise<void> =>
  adapter === undefined
    ? truncateCheckpoint(source, target, layers, options)
    : mergeAdapter(source, adapter, target, { layers, ...options });
