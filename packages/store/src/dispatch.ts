import type { RunKind } from "@espalier/contract";
import type { Database } from "./database.ts";

/** A pass looks at this many runs, those that come first. */
const maxQueued = 1_000;

export interface DispatchSnapshot {
  queued: { id: string; teamId: string; kind: RunKind; priority: number; queuedAt: number }[];
  /**
   * By kind of device, over those that take new runs; `taken` counts the runs DISPATCHED to the kind and RUNNING on them.
   * `queuedAt` is in ms since the epoch.
   */
  classes: { name: string; devices: number; taken: number }[];
}

/** A delivery to put on the queue of its device class. `dispatch` numbers the deliveries of a run. */
export interface Delivery {
  runId: string;
  deviceClass: string;
  dispatch: number;
}

export interface Dispatch {
  snapshot(): Promise<DispatchSnapshot>;
  /** QUEUED → DISPATCHED; undefined when the run has moved on meanwhile. */
  release(runId: string, deviceClass: string): Promise<Delivery | undefined>;
  /** New deliveries for runs that have been DISPATCHED this long without being claimed: a queue may have lost them. */
  redeliver(olderThanSeconds?: number): Promise<Delivery[]>;
  /** DISPATCHED → QUEUED for runs of device classes of which no device takes new runs any more. */
  recall(): Promise<string[]>;
}

export function createDispatch({ query }: Database): Dispatch {
  return {
    async snapshot() {
      const { rows: queued } = await query<{
        id: string;
        teamId: string;
        kind: RunKind;
        priority: number;
        queuedAt: number;
      }>(
        `select id, team_id as "teamId", kind, priority, (extract(epoch from queued_at) * 1000)::float8 as "queuedAt"
         from run where state = 'QUEUED' and cancel_requested_at is null and (not_before is null or not_before <= now())
         order by priority desc, queued_at, id limit $1`,
        [maxQueued],
      );
      const { rows: classes } = await query<{ name: string; devices: number; taken: number }>(
        `select d.kind as name, count(*)::int as devices,
           (select count(*) from run r where r.device_class = d.kind and (r.state = 'DISPATCHED'
              or r.state = 'RUNNING' and r.lease_device in (select id from claimable_device)))::int as taken
         from claimable_device d group by d.kind order by d.kind`,
      );
      return { queued, classes };
    },

    async release(runId, deviceClass) {
      const { rows } = await query<Delivery>(
        `update run set state = 'DISPATCHED', dispatch = dispatch + 1, device_class = $2, dispatched_at = now(), reason = null
         where id = $1 and state = 'QUEUED' and cancel_requested_at is null
         returning id as "runId", device_class as "deviceClass", dispatch`,
        [runId, deviceClass],
      );
      return rows[0];
    },

    async redeliver(olderThanSeconds = 30) {
      const { rows } = await query<Delivery>(
        `update run set dispatch = dispatch + 1, dispatched_at = now()
         where state = 'DISPATCHED' and dispatched_at < now() - make_interval(secs => $1)
         returning id as "runId", device_class as "deviceClass", dispatch`,
        [olderThanSeconds],
      );
      return rows;
    },

    async recall() {
      const { rows } = await query<{ id: string }>(
        `update run set state = 'QUEUED', reason = 'No device of its kind takes new runs.'
         where state = 'DISPATCHED' and not exists (select from claimable_device d where d.kind = run.device_class)
         returning id`,
      );
      return rows.map(({ id }) => id);
    },
  };
}
