import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Architecture } from "@espalier/contract";
import { architectureOf, openModelFolder } from "@espalier/model";
import type { Store, StoredFile } from "@espalier/store";

/**
 * Reads the headers, config and tokenizer of an upload, not its weights. Throws the Problem that names the file and the
 * field, tensor or byte at fault.
 * @param scratch folder for links to the files, on the file system of the stored bytes
 */
export async function inspect(
  store: Store,
  { files, scratch }: { files: readonly StoredFile[]; scratch: string },
): Promise<Architecture> {
  await mkdir(scratch, { recursive: true });
  const directory = await mkdtemp(join(scratch, "inspect-"));
  try {
    await store.bytes.materialise(files, directory);
    const checkpoint = await openModelFolder(directory);
    try {
      return architectureOf(checkpoint);
    } finally {
      await checkpoint.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
