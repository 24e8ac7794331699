import { access, constants, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { isModelFile, Problem } from "@espalier/contract";

/**
 * Refuses what is not there, or may not be read, before a process is started for it.
 * @throws the system's error, or {Problem} `resource/not-found`
 */
export async function checkExists(path: string, kind: "folder" | "file"): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory() === (kind === "folder")) {
    const files =
      kind === "file" ? [path] : (await readdir(path)).filter(isModelFile).map((name) => join(path, name));
    for (const file of files) await access(file, constants.R_OK).catch(refuseUnlessMissing);
    return;
  }
  if (kind === "file") throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR", path });
  throw new Problem("resource/not-found", `${path} is not a folder.`);
}

/** What is missing from a folder is told by whoever reads it. */
function refuseUnlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}

/**
 * Refuses a file that cannot be written before anything is computed for it. What is there stays as it is.
 * @throws the system's error
 */
export async function checkWritable(path: string): Promise<void> {
  const was = await stat(path).catch(() => undefined);
  await (await open(path, "a")).close();
  if (was === undefined) await rm(path);
}
