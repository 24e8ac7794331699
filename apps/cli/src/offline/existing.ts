import { stat } from "node:fs/promises";
import { Problem } from "@espalier/contract";

/**
 * Refuses what is not there before a process is started for it.
 * @throws the system's error, or {Problem} `resource/not-found`
 */
export async function checkExists(path: string, kind: "folder" | "file"): Promise<void> {
  const found = await stat(path);
  if (found.isDirectory() === (kind === "folder")) return;
  throw new Problem("resource/not-found", `${path} is not a ${kind}.`);
}
