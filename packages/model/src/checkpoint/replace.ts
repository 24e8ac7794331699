import type { Encoding } from "@espalier/contract";
import { seenThrough } from "../architectures/direction.ts";
import type { ModelSource } from "../files/read-text.ts";
import { openCheckpoint } from "./checkpoint.ts";
import { writeDerived } from "./checkpoint-writer.ts";
import { configOfEncoder } from "./config.ts";
import { narrow } from "./dtype.ts";

/**
 * Writes the checkpoint `source` with other values, in fp32, to the new folder `target`. The result is an encoder:
 * names without prefix, no head.
 * @param values every weight that the model computes with, by name without prefix
 * @param attention what the config is to say of the direction. @default what it says
 */
export async function replaceWeights(
  source: ModelSource,
  target: string,
  values: ReadonlyMap<string, Float32Array>,
  attention?: Encoding["attention"],
): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    await writeDerived(checkpoint, target, {
      config: configOfEncoder(seenThrough(checkpoint.config, attention), "F32"),
      sourceOf(name, { shape }) {
        const array = values.get(name);
        return array && { name, dtype: "F32", shape, chunks: () => [narrow(array, "F32")] };
      },
    });
  } finally {
    await checkpoint.close();
  }
}
