import { readText, type ModelSource } from "../files/read-text.ts";
import { findModules } from "../modules/modules.ts";
import { outlineOf } from "../tokenizer-files/outline.ts";
import { readBeside } from "../tokenizer-files/read.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { checkTokenizer, maxTokenizerBytes } from "./fits.ts";

/**
 * Opens a model that has not been checked yet: the checkpoint, and a tokenizer that fits its embedding. Weights
 * are not read; `refuseNonFinite` does that.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function openModel(source: ModelSource): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(source);
  try {
    const tokenizer = await readText(checkpoint.files, "tokenizer.json", maxTokenizerBytes);
    await findModules(checkpoint.files, checkpoint.config.hiddenSize);
    const parsed = checkTokenizer(tokenizer, checkpoint.config.vocabularySize);
    const outline = outlineOf(parsed, await readBeside(checkpoint.files));
    return { ...checkpoint, remarks: [...checkpoint.remarks, ...(outline?.remarks ?? [])] };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}
