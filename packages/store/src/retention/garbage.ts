import { garbageKinds, type Garbage, type GarbageKind } from "@espalier/contract";
import type { Bytes } from "../bytes/bytes.ts";
import type { Database } from "../database/database.ts";
import { attemptFiles } from "./attempt-files.ts";
import { checkpoints } from "./checkpoints.ts";
import { discardedObjects } from "./discarded.ts";
import { discardedRuns } from "./discarded-runs.ts";
import { orphanFolders } from "./orphan-folders.ts";
import { pastPartitions } from "./past-partitions.ts";
import { oldMetrics } from "./samples.ts";
import { oldEvents, oldLogs } from "./rows.ts";
import { supersededPoints } from "./superseded-points.ts";
import type { Sweeper, Swept } from "./sweeper.ts";

/** All that nobody needs any more, as the teams' policies say. */
export interface Collector {
  /** What the next sweep would free. Changes nothing. */
  survey(): Promise<Garbage[]>;
  /**
   * Frees portion by portion until nothing is left or the signal aborts, and returns what it has freed. It may be killed at
   * any moment, and two at once do no harm.
   */
  sweep(signal?: AbortSignal): Promise<Garbage[]>;
}

export function createCollector(database: Database, bytes: Bytes): Collector {
  // What is dropped whole is not deleted row by row before. Bytes come last: what the others discard is freed in the same sweep.
  const sweepers: { [K in GarbageKind]: Sweeper } = {
    checkpoints: checkpoints(database),
    attempts: attemptFiles(database, bytes),
    runs: discardedRuns(database),
    metrics: oldMetrics(database),
    partitions: pastPartitions(database),
    points: supersededPoints(database),
    logs: oldLogs(database),
    events: oldEvents(database),
    folders: orphanFolders(database, bytes),
    objects: discardedObjects(database, bytes),
  };
  const kinds = Object.keys(sweepers) as GarbageKind[];
  const toGarbage = (kind: GarbageKind, swept: Swept): Garbage => ({
    kind,
    why: garbageKinds[kind],
    ...swept,
  });
  return {
    async survey() {
      const found: Garbage[] = [];
      for (const kind of kinds) found.push(toGarbage(kind, await sweepers[kind].survey()));
      return found;
    },
    async sweep(signal) {
      const freed: Garbage[] = [];
      for (const kind of kinds) {
        const total: Swept = { count: 0 };
        while (!signal?.aborted) {
          const { count, bytes } = await sweepers[kind].sweep();
          if (count === 0) break;
          total.count += count;
          if (bytes !== undefined) total.bytes = (total.bytes ?? 0) + bytes;
        }
        freed.push(toGarbage(kind, total));
      }
      return freed;
    },
  };
}
