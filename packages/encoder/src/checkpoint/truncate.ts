import { Problem } from "@espalier/contract";
import { openCheckpoint } from "./checkpoint.ts";
import { copyOf, writeDerived } from "./checkpoint-writer.ts";
import { configOfDepth } from "./config.ts";

/**
 * Keeps the first `layers` layers of the checkpoint in `source`, its embedding, final norm and untied head, and writes
 * them to the new folder `target`. Byte ranges are copied; no tensor is ever in memory, whatever the model's size.
 * The tokenizer and its companions go along.
 * @throws {Problem} `layers/out-of-range` unless 1 <= layers <= the model's depth
 */
export async function truncateCheckpoint(source: string, target: string, layers: number): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    const depth = checkpoint.config.layers;
    if (!Number.isInteger(layers) || layers < 1 || layers > depth) {
      throw new Problem(
        "layers/out-of-range",
        `${layers} layers cannot be kept of ${depth}; choose 1 to ${depth}`,
        {
          field: "/layers",
        },
      );
    }
    const prefix = checkpoint.prefixed ? "model." : "";
    await writeDerived(checkpoint, target, configOfDepth(checkpoint.config, layers), (key) => {
      const layer = /^layers\.(\d+)\./.exec(key)?.[1];
      if (layer !== undefined && Number(layer) >= layers) return undefined;
      return copyOf(checkpoint, key, key === "lm_head.weight" ? key : prefix + key);
    });
  } finally {
    await checkpoint.close();
  }
}
