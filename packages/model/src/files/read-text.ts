import { insteadOf, Problem } from "@espalier/contract";
import { refuseMark } from "./byte-order-mark.ts";
import { folderFiles } from "./disk.ts";
import type { ModelFiles } from "./model-files.ts";

/** A model's folder, by its path, or its files, wherever they lie. */
export type ModelSource = string | ModelFiles;

export const filesOf = (source: ModelSource): ModelFiles =>
  typeof source === "string" ? folderFiles(source) : source;

/**
 * Reads a UTF-8 file of at most `most` bytes.
 * @throws {Problem} `checkpoint/incomplete` where there is none, `checkpoint/malformed` for a larger file or another encoding
 */
export async function readText(source: ModelSource, name: string, most: number): Promise<string> {
  const text = await findText(source, name, most);
  if (text !== undefined) return text;
  throw await missing(source, name);
}

/** What is said of a file that is not there, with what is there in its place. */
export async function missing(source: ModelSource, name: string): Promise<Problem> {
  const instead = insteadOf(name, (await filesOf(source).others?.()) ?? []);
  return new Problem("checkpoint/incomplete", `${name} is missing${instead}`, { file: name });
}

/** Like {@link readText}, but undefined where there is no such file. */
export async function findText(source: ModelSource, name: string, most: number): Promise<string | undefined> {
  const file = await filesOf(source).open(name);
  if (file === undefined) return undefined;
  try {
    if (file.size > most)
      throw new Problem(
        "checkpoint/malformed",
        `${name} has ${file.size} bytes; at most ${most} are accepted`,
        { file: name },
      );
    const bytes = await file.read(0, file.size);
    refuseMark(bytes, name);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Problem("checkpoint/malformed", `${name} is not UTF-8`, { file: name });
    }
  } finally {
    await file.close();
  }
}
