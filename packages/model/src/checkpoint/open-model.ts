import { findText, readText, type ModelSource } from "../files/read-text.ts";
import { findModules } from "../modules/modules.ts";
import { tokenizerRemarks } from "./tokenizer-remarks.ts";
import { maxConfigBytes } from "./config.ts";
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
    checkTokenizer(tokenizer, checkpoint.config.vocabularySize);
    const config = (await findText(checkpoint.files, "tokenizer_config.json", maxConfigBytes)) ?? "{}";
    return { ...checkpoint, remarks: [...checkpoint.remarks, ...tokenizerRemarks(tokenizer, config)] };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}
