import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = process.env.ESPALIER_SHARED ?? fileURLToPath(new URL("../../../../../shared", import.meta.url));

/**
 * Path of a file or folder of the real test data, which lies beside the repository or where `ESPALIER_SHARED` says;
 * undefined where this machine does not have it. Tests that need it skip with {@link noSharedData} as their reason.
 */
export function sharedData(...path: string[]): string | undefined {
  const found = join(root, "data", ...path);
  return existsSync(found) ? found : undefined;
}

export const noSharedData = "the real test data is not on this machine (ESPALIER_SHARED)";
