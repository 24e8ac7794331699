import { open, readdir, stat, type FileHandle } from "node:fs/promises";
import { basename, join } from "node:path";
import { insteadOfFile, isModelFile, isModuleFile, Problem } from "@espalier/contract";
import type { ModelFiles } from "./model-files.ts";
import type { RangeReader } from "./range-reader.ts";

/** Opens a file on disk. Rejects with the error of the file system. */
export async function openFile(path: string): Promise<RangeReader> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    return {
      size,
      read: (offset, length, into) => readRange(handle, offset, length, into),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Most bytes of one read call: Node refuses reads of 2 GiB and more. */
const maxRead = 2 ** 30;

/** What {@link RangeReader.read} promises, from an open file. */
export async function readRange(
  handle: FileHandle,
  offset: number,
  length: number,
  into: Uint8Array = new Uint8Array(length),
): Promise<Uint8Array> {
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(into, done, Math.min(maxRead, length - done), offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return into.subarray(0, done);
}

/** The files of a folder. Links are followed, as the cache of Hugging Face consists of them. */
export const folderFiles = (directory: string): ModelFiles => ({
  names: () => listFolder(directory),
  others: () => listOthers(directory),
  open: (name) =>
    openFile(join(directory, name)).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    }),
});

/** Folders of the modules of sentence-transformers. */
const moduleFolder = /^\d_\w+$/;

/** Files of a folder's modules of sentence-transformers, which are in folders of their own. */
export async function listModuleFiles(directory: string): Promise<string[]> {
  const modules = (await readdir(directory)).filter((name) => moduleFolder.test(name));
  const files = modules.map(async (module) =>
    (await readdir(join(directory, module)).catch(() => [])).map((name) => `${module}/${name}`),
  );
  return (await Promise.all(files)).flat().filter(isModuleFile);
}

/** All names of a folder, and those of the snapshots in a folder of the hub's cache. */
export async function listOthers(directory: string): Promise<string[]> {
  const [names, snapshots] = await Promise.all(
    [directory, join(directory, "snapshots")].map((folder) => readdir(folder).catch(() => [])),
  );
  return [...names!, ...snapshots!.map((name) => `snapshots/${name}`)];
}

async function listFolder(directory: string): Promise<Set<string>> {
  let entries;
  try {
    entries = await readdir(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const message = (await stat(directory).catch(() => undefined))?.isFile()
      ? `${basename(directory)} is a file, and a model is a folder; ${insteadOfFile(basename(directory))}`
      : "the model folder does not exist";
    throw new Problem("checkpoint/incomplete", message, { file: "." });
  }
  const names = new Set<string>();
  for (const name of [...entries, ...(await listModuleFiles(directory))]) {
    if (!isModelFile(name)) continue;
    const found = await stat(join(directory, name)).catch(() => undefined);
    if (found?.isFile() !== true)
      throw new Problem("upload/file-refused", `${name} is not a regular file`, { file: name });
    names.add(name);
  }
  return names;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
