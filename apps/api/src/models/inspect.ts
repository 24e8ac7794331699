import type { Architecture } from "@espalier/contract";
import { architectureOf, openModel } from "@espalier/model";
import type { Store, StoredFile } from "@espalier/store";
import { uploadedFiles } from "./uploaded-files.ts";

/**
 * Reads the headers, config and tokenizer of an upload, not its weights, by ranges from the byte store.
 * @throws {Problem} naming the file, and the field, tensor or byte at fault
 */
export async function inspect(store: Store, files: readonly StoredFile[]): Promise<Architecture> {
  const checkpoint = await openModel(uploadedFiles(store.bytes, files));
  try {
    return architectureOf(checkpoint);
  } finally {
    await checkpoint.close();
  }
}
