import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { checkTokenizer, maxTokenizerBytes } from "./fits.ts";
import { readText } from "./folder.ts";

/**
 * Opens a model folder that nobody has vouched for: the checkpoint, and a tokenizer that fits its embedding. Weights
 * are not read; `refuseNonFinite` does that.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function openModelFolder(directory: string): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(directory);
  try {
    const tokenizer = await readText(directory, "tokenizer.json", maxTokenizerBytes);
    checkTokenizer(tokenizer, checkpoint.config.vocabularySize);
    return checkpoint;
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}
