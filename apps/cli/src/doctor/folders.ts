import { inspectFolder, inspectScratch, type FolderInspection } from "@espalier/store/inspect";
import { formatBytes } from "../terminal/format.ts";
import type { Check } from "./examine.ts";
import { ok, unknown, wrong, type CheckName, type Finding } from "./finding.ts";

/** Whether the data folder is there, is the pool's, can be written to and has space. */
export const checkDataFolder: Check = async ({ data, leastFreeData }, { database }) => {
  if (data === undefined) return [unknown("data folder", "ESPALIER_DATA is not set here.")];
  const found = await inspectFolder(data, database?.folder, leastFreeData);
  const findings = [findingOf("data folder", data, { ...found, leastFree: leastFreeData })];
  if (found.reason === undefined && !database?.folder)
    findings.push(
      unknown("data folder", "The database did not tell its token, so it may be another pool's."),
    );
  return findings;
};

/** Whether a worker on this host has space for what it computes. */
export const checkScratch: Check = async ({ scratch, leastFreeScratch }) =>
  scratch === undefined
    ? [unknown("scratch", "Neither ESPALIER_SCRATCH nor ESPALIER_DATA is set here.")]
    : [
        findingOf("scratch", scratch, {
          ...(await inspectScratch(scratch, leastFreeScratch)),
          leastFree: leastFreeScratch,
        }),
      ];

function findingOf(
  check: CheckName,
  path: string,
  { reason, freeBytes = 0, totalBytes = 0, full, leastFree }: FolderInspection & { leastFree: number },
): Finding {
  if (reason !== undefined) {
    // What to do is the rest of what the store says.
    const [what = "", ...action] = reason.split(/(?<=\.) (?=[A-Z])/);
    return wrong(
      check,
      what,
      action.join(" ") || "Mend its volume or its permissions, or let another folder be used.",
    );
  }
  const space = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} are free for ${path}`;
  if (!full) return ok(check, space);
  return wrong(
    check,
    `${space}, and no run starts with less than ${formatBytes(leastFree)}.`,
    check === "scratch"
      ? "Free some space, or let ESPALIER_SCRATCH name another disk."
      : "Delete what nobody needs (`espalier gc`, `espalier run rm`), or enlarge the volume.",
  );
}
