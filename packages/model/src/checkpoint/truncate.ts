import { keptLayers, type Encoding, type KeptLayers } from "@espalier/contract";
import { seenThrough } from "../architectures/direction.ts";
import type { ModelSource } from "../files/read-text.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { copyOf, writeDerived, type WrittenBytes } from "./checkpoint-writer.ts";
import { configOfLayers } from "./config.ts";
import { survivingName } from "./surviving.ts";

export interface TruncateOptions {
  /** What the config is to say of the direction. @default what it said */
  readonly attention?: Encoding["attention"] | undefined;
  readonly onBytes?: WrittenBytes | undefined;
}

/**
 * Keeps some layers of the checkpoint `source`, renumbered, its embedding, final norm and untied head, and writes
 * them to the new folder `target`. Byte ranges are copied; no tensor is ever in memory, whatever the model's size.
 * The tokenizer and its companions go along.
 * @throws {Problem} `layers/out-of-range` for layers that the model does not have
 */
export async function truncateCheckpoint(
  source: ModelSource,
  target: string,
  kept: KeptLayers,
  { attention, onBytes }: TruncateOptions = {},
): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    keptLayers(kept, checkpoint.config.layers);
    await writeDerived(checkpoint, target, {
      config: configOfLayers(seenThrough(checkpoint.config, attention), kept),
      onBytes,
      sourceOf(key, stored) {
        const name = survivingName(key, kept, checkpoint.config);
        if (name === undefined) return undefined;
        return copyOf(checkpoint, key, prefixOf(stored.storedName, key, checkpoint) + name);
      },
    });
  } finally {
    await checkpoint.close();
  }
}

/** What is written before the name of a weight: what was there, and the model's prefix for one that was called otherwise. */
function prefixOf(storedName: string, key: string, { prefix }: Checkpoint): string {
  if (storedName.endsWith(key)) return storedName.slice(0, -key.length);
  // A normalisation of a head is renamed too, and has no prefix; a tied head stands for the embedding, which has one.
  const isHead = storedName.startsWith("cls.") || storedName.startsWith("lm_head.layer_norm");
  return isHead ? "" : prefix;
}
