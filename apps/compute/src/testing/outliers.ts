import { cp, open } from "node:fs/promises";
import { join } from "node:path";
import { loadModel } from "@espalier/encoder";

/** A power of 2, so that weights of bf16 take it without a loss: their exponent begins at bit 7. */
const exponent = 14;
const channel = 11;

/**
 * Copies the folder of a Llama with weights of bf16 in one file. The copy computes the same and has weights that 8 bits cannot
 * hold: before each feed-forward block one input is made smaller, and what it is multiplied with larger by the same factor.
 */
export async function copyWithOutliers(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  const { weights, config } = await loadModel(to);
  const file = await open(join(to, "model.safetensors"), "r+");
  try {
    for (const [name, source] of weights) {
      const isNorm = name.endsWith("post_attention_layernorm.weight");
      if (!isNorm && !/(gate|up)_proj\.weight$/.test(name)) continue;
      if (!("file" in source) || source.dtype !== "BF16")
        throw new TypeError(`${name} is not bf16 in a file`);
      const bytes = Buffer.alloc(source.bytes);
      await file.read(bytes, 0, source.bytes, source.offset);
      for (let i = 2 * channel; i < bytes.length; i += 2 * config.hiddenSize) {
        const word = bytes.readUInt16LE(i);
        if ((word & 0x7fff) !== 0) bytes.writeUInt16LE(word + (isNorm ? -1 : 1) * (exponent << 7), i);
      }
      await file.write(bytes, 0, source.bytes, source.offset);
    }
  } finally {
    await file.close();
  }
}
