import { statfs } from "node:fs/promises";
import { Problem } from "@espalier/contract";

/**
 * Refuses to start what the disk cannot hold.
 * @throws {Problem} `worker/disk-full` with both numbers
 */
export async function checkDiskSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw new Problem(
    "worker/disk-full",
    `The import needs ${gigabytes(bytes)} of disk, but the worker's scratch folder has ${gigabytes(free)} free; free some space there.`,
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 3 : 1)} GB`;
