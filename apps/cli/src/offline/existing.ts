import { stat } from "node:fs/promises";
import { Problem } from "@espalier/contract";

/**
 * Refuses what is not there before a process is started for it.
 * @throws {Problem} `resource/not-found`
 */
export async function checkExists(path: string, kind: "folder" | "file"): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (kind === "folder" ? found?.isDirectory() : found && !found.isDirectory()) return;
  const what = found === undefined ? "does not exist" : `is not a ${kind}`;
  throw new Problem("resource/not-found", `${path} ${what}.`);
}
