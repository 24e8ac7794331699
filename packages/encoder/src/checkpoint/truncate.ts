import { openCheckpoint } from "./checkpoint.ts";
import { copyOf, writeDerived } from "./checkpoint-writer.ts";
import { configOfDepth } from "./config.ts";
import { checkDepth, survives } from "./surviving.ts";

/**
 * Keeps the first `layers` layers of the checkpoint in `source`, its embedding, final norm and untied head, and writes
 * them to the new folder `target`. Byte ranges are copied; no tensor is ever in memory, whatever the model's size.
 * The tokenizer and its companions go along.
 * @throws {Problem} `layers/out-of-range` unless 1 <= layers <= the model's depth
 */
export async function truncateCheckpoint(source: string, target: string, layers: number): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    checkDepth(layers, checkpoint.config.layers);
    await writeDerived(checkpoint, target, {
      config: configOfDepth(checkpoint.config, layers),
      sourceOf(key, stored) {
        if (!survives(key, layers, checkpoint.config)) return undefined;
        // A tied head that stands for the embedding is written under the embedding's name.
        const named = stored.storedName.endsWith(key);
        return copyOf(checkpoint, key, named ? stored.storedName : checkpoint.prefix + key);
      },
    });
  } finally {
    await checkpoint.close();
  }
}
