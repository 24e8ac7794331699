import type { QueueEntry } from "@espalier/contract";
import type { Blocker } from "./blocker-line.tsx";

/** A blocker, and what blocks that one. */
export interface Link {
  blocker: Blocker;
  behind: Link[];
}

/** As far as a chain is followed; longer ones are looked at run by run. */
const most = 8;

/** What a run waits for, what that waits for, and so on, as the queue knows it. No run is named twice. */
export function chainOf(
  entry: QueueEntry,
  entries: ReadonlyMap<string, QueueEntry>,
  seen = new Set<string>(),
): Link[] {
  if (entry.runId !== undefined) seen.add(entry.runId);
  return (entry.blockers ?? []).flatMap((blocker) => {
    if (seen.has(blocker.runId) || seen.size > most) return [];
    seen.add(blocker.runId);
    const next = entries.get(blocker.runId);
    return [{ blocker, behind: next ? chainOf(next, entries, seen) : [] }];
  });
}
