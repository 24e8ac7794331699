import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** Below the root of a data folder: files that are not complete yet. */
export const temporaryFolder = ".tmp";

/** The system's code of an error, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;

/** What was renamed into a directory stays there after a crash once this has returned. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
