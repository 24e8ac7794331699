import type { ModelSource } from "../files/read-text.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { writeDerived } from "./checkpoint-writer.ts";
import { configOfEncoder } from "./config.ts";
import { narrow } from "./dtype.ts";

/**
 * Writes the checkpoint `source` with other values, in fp32, to the new folder `target`. The result is an encoder:
 * names without prefix, no head.
 * @param values every weight that the model computes with, by name without prefix
 */
export async function replaceWeights(
  source: ModelSource,
  target: string,
  values: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    await writeDerived(checkpoint, target, {
      config: configOfEncoder(checkpoint.config, "F32"),
      sourceOf(name, { shape }) {
        const array = values.get(name);
        return array && { name, dtype: "F32", shape, chunks: () => [narrow(array, "F32")] };
      },
    });
  } finally {
    await checkpoint.close();
  }
}
