import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { explain } from "../bytes/data-folder.ts";
import { DiskSpace } from "../bytes/disk-space.ts";
import { readMark } from "../bytes/folder-mark.ts";
import type { DatabaseInspection } from "./database.ts";

/** What a check of a folder finds. */
export interface FolderInspection {
  /** Why it cannot serve, and what to do; absent when nothing is wrong with it. */
  reason?: string;
  freeBytes?: number;
  totalBytes?: number;
  /** Less is free than must be for runs to start. */
  full?: boolean;
}

/**
 * Looks at a data folder from this host. It writes nothing.
 * @param pool what the database says of the pool's folder; undefined: it was not asked, so that any marked folder will do
 */
export async function inspectFolder(
  path: string,
  pool: DatabaseInspection["folder"],
  leastFreeBytes: number,
): Promise<FolderInspection> {
  const mark = await readMark(path);
  const own = mark.type === "marked" ? mark.token : "";
  const reason = explain(path, mark, pool ?? { token: own, claimed: true });
  return reason === undefined ? spaceOf(path, leastFreeBytes) : { reason };
}

/** Looks at a scratch folder, or at the first folder above it that is there: the first run makes the rest. */
export async function inspectScratch(path: string, leastFreeBytes: number): Promise<FolderInspection> {
  try {
    await access(path, constants.W_OK);
    return await spaceOf(path, leastFreeBytes);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (missing && dirname(path) !== path) return inspectScratch(dirname(path), leastFreeBytes);
    return { reason: `The scratch folder ${path} cannot be used: ${String(error)}.` };
  }
}

async function spaceOf(path: string, leastFreeBytes: number): Promise<FolderInspection> {
  const { free, total, full } = await new DiskSpace(leastFreeBytes).look(path);
  return { freeBytes: free, totalBytes: total, full };
}
