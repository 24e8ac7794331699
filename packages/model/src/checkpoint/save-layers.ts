import type { Encoding, KeptLayers } from "@espalier/contract";
import type { ModelSource } from "../files/read-text.ts";
import type { LoraAdapter } from "./adapter.ts";
import { mergeAdapter } from "./merge.ts";
import { truncateCheckpoint } from "./truncate.ts";

/**
 * Writes some layers of the checkpoint `source` to the new folder `target`: by copying byte ranges, or merging the
 * adapter into them where there is one.
 * @param adapter of the checkpoint `source`, whatever layers are kept
 * @throws {Problem} what {@link truncateCheckpoint} and {@link mergeAdapter} throw; `resource/conflict` when `target` exists
 */
export const saveLayers = (
  source: ModelSource,
  target: string,
  { layers, attention }: { readonly layers: KeptLayers; readonly attention?: Encoding["attention"] },
  adapter?: LoraAdapter,
): Promise<void> =>
  adapter === undefined
    ? truncateCheckpoint(source, target, layers, attention)
    : mergeAdapter(source, adapter, target, { layers, attention });
