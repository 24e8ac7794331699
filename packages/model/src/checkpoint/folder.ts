import { open, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isModelFile, modelFileNames, poolingFile, Problem } from "@espalier/contract";

export const shardFile = (number: number, of: number): string =>
  `model-${String(number).padStart(5, "0")}-of-${String(of).padStart(5, "0")}.safetensors`;

/** Files beside the weights that a derived checkpoint carries on unchanged. */
export const companions: readonly string[] = modelFileNames.filter(
  (name) => name !== "config.json" && !name.startsWith("model."),
);

/** Weights in formats that run code when they are loaded, by their first bytes and not by their name. */
const executable: readonly (readonly [format: string, magic: readonly number[]])[] = [
  ["a zip archive (PyTorch, NumPy or Keras)", [0x50, 0x4b, 0x03, 0x04]],
  ["a pickle", [0x80, 0x02]],
  ["a pickle", [0x80, 0x03]],
  ["a pickle", [0x80, 0x04]],
  ["a pickle", [0x80, 0x05]],
  ["a gzip archive", [0x1f, 0x8b]],
  ["an HDF5 file", [0x89, 0x48, 0x44, 0x46]],
  ["a GGUF file", [0x47, 0x47, 0x55, 0x46]],
];

/** The format that the first bytes of a file give away, where it is one that is never accepted as weights. */
export function refusedFormat(start: Uint8Array): string | undefined {
  return executable.find(([, magic]) => magic.every((byte, i) => start[i] === byte))?.[0];
}

/**
 * Names of the model files in `directory`. Links are followed, as the cache of Hugging Face consists of them.
 * @throws {Problem} for what is not a regular file, and for a file whose content is a pickle or an archive
 */
export async function listModelFolder(directory: string): Promise<Set<string>> {
  const names = new Set<string>();
  let entries;
  try {
    entries = await readdir(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new Problem("checkpoint/incomplete", "the model folder does not exist", { file: "." });
  }
  if (entries.includes(dirname(poolingFile))) entries.push(poolingFile);
  for (const name of entries) {
    if (!isModelFile(name)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (name === poolingFile && found === undefined) continue;
    if (found?.isFile() !== true)
      throw new Problem("upload/file-refused", `${name} is not a regular file`, { file: name });
    await refuseByContent(path, name);
    names.add(name);
  }
  return names;
}

async function refuseByContent(path: string, name: string): Promise<void> {
  const file = await open(path, "r");
  try {
    const start = new Uint8Array(8);
    const { bytesRead } = await file.read(start, 0, 8, 0);
    const format = refusedFormat(start.subarray(0, bytesRead));
    // A safetensors length may by chance begin like a magic number of two bytes; its ninth byte then decides.
    if (
      format === undefined ||
      (name.endsWith(".safetensors") && start.subarray(4).every((byte) => byte === 0))
    )
      return;
    throw new Problem(
      "upload/file-refused",
      `${name} is ${format}; only safetensors weights are accepted, because they cannot run code`,
      { file: name },
    );
  } finally {
    await file.close();
  }
}

/** Reads a UTF-8 file of at most `most` bytes. */
export async function readText(directory: string, name: string, most: number): Promise<string> {
  let file;
  try {
    file = await open(join(directory, name), "r");
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new Problem("checkpoint/incomplete", `${name} is missing`, { file: name });
  }
  try {
    const { size } = await file.stat();
    if (size > most)
      throw new Problem("checkpoint/malformed", `${name} has ${size} bytes; at most ${most} are accepted`, {
        file: name,
      });
    const bytes = await file.readFile();
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      throw new Problem("checkpoint/malformed", `${name} is not UTF-8`, { file: name });
    }
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
