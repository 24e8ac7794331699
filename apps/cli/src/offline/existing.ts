import { open, rm, stat } from "node:fs/promises";
import { Problem } from "@espalier/contract";

/**
 * Refuses what is not there before a process is started for it.
 * @throws the system's error, or {Problem} `resource/not-found`
 */
export async function checkExists(path: string, kind: "folder" | "file"): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory() === (kind === "folder")) return;
  if (kind === "file") throw Object.assign(new Error(`${path} is a folder`), { code: "EISDIR", path });
  throw new Problem("resource/not-found", `${path} is not a folder.`);
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
