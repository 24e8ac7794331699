import {
  type HoldCause,
  type LeaseTiming,
  type Measurement,
  type Progress,
  type WorkerState,
} from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { channel } from "../events/events.ts";
import { toJson } from "../database/json.ts";

/** What a worker reports every few seconds. */
export interface Beat {
  /** The attempts that it works on, with their progress where that has changed. */
  runs: readonly { runId: string; attempt: number; progress?: Progress }[];
  /** In the order of the devices' positions; undefined where nothing was measured. */
  measurements: readonly (Measurement | undefined)[];
}

export interface BeatAnswer {
  state: WorkerState;
  /** One answer for each run of the beat. `held`: this worker has the run. `renewed`: its lease starts again from now. */
  runs: readonly RunAnswer[];
  /** The worker must take no new runs. `now`: it must also give back the runs that it has. */
  drain?: { now: boolean; done: boolean };
  /** Why its devices take no new runs. `accepted`: an operator knows of so many errors, so the device may take runs again. */
  holds: readonly { deviceId: string; cause: HoldCause; accepted?: number }[];
}

interface RunAnswer {
  runId: string;
  attempt: number;
  held: boolean;
  renewed: boolean;
  cancel: boolean;
  preempt: boolean;
  /** How long it has to save, where the one who asked has said so. */
  graceSeconds?: number;
}

export interface Heartbeats {
  /**
   * Renews the leases of a worker's runs, and stores their progress and the measurements of its devices, in one statement. For
   * a run that the worker does not hold, `held` is false. A run that another transaction is changing at this moment is `held`
   * but not `renewed`; a later beat renews it. Undefined when the worker is not known.
   */
  beat(workerId: string, beat: Beat): Promise<BeatAnswer | undefined>;
}

interface Row {
  state: WorkerState;
  orders: Partial<Pick<BeatAnswer, "drain" | "holds">> | null;
  runs: { id: string; attempt: number; cancel: boolean; preempt: boolean; grace: number | null }[] | null;
}

// 500 workers run this every five seconds. So it is one statement that each connection plans once: nothing in it makes
// PostgreSQL plan again for the given values, which would cost more than the work itself. A run that another transaction is
// changing is skipped, because waiting for it could cost the other runs their leases. The statement does not wait until it
// is on disk: a crash of the server may lose the last moments, and leases are far longer. Listeners are notified of new
// progress at once, unless the event is longer than NOTIFY allows.
const statement = (progress: boolean): string => `
  with unsynced as (select set_config('synchronous_commit', 'off', true)),
  unlocked as (
    select id, attempt, cancel_requested_at is not null as cancel, preempt_requested_at is not null as preempt,
      extract(epoch from preempt_until - now())::float8 as grace ${progress ? ", progress as before" : ""}
    from run where lease_owner = $1 and state = 'RUNNING' for no key update skip locked
  ), renewed as (
    update run set lease_until = now() + make_interval(secs => $4)
      ${progress ? ", progress = coalesce(b.progress::jsonb, run.progress)" : ""}
    from unlocked join unnest($2::text[], $3::int[] ${progress ? ", $8::text[]" : ""}) b (id, attempt ${progress ? ", progress" : ""})
      using (id, attempt)
    where run.id = unlocked.id returning run.id, run.attempt, unlocked.cancel, unlocked.preempt, unlocked.grace
      ${progress ? ", run.team_id, run.experiment_id, run.progress, unlocked.before" : ""}
  ) ${progress ? notified : ""}
  update worker_pulse p set seen_at = now(), free_bytes = $5, utilization = $6, temperature = $7
  from unsynced, worker w where p.worker_id = $1 and w.id = $1
  returning w.state, p.orders,
    (select json_agg(r) from (select id, attempt, cancel, preempt, grace from renewed) r) as runs
    ${progress ? ", (select count(sent) from notified) as notified" : ""}`;
const notified = `, notified as (
    select pg_notify('${channel}', team_id || ' ' || id || ' progress ' || event) as sent
    from renewed, lateral (select jsonb_strip_nulls(jsonb_build_object('type', 'run.progress', 'at', now(), 'runId', id,
      'experimentId', experiment_id, 'attempt', attempt, 'progress', progress))::text as event) e
    where progress is distinct from before and octet_length(event) < 7000
  )`;
const [renewal, renewalWithProgress] = [statement(false), statement(true)];

export function createHeartbeats({ prisma, prepared }: Database, timing: LeaseTiming): Heartbeats {
  /** Which of these runs the worker holds all the same: the statement has skipped them. */
  async function heldOf(workerId: string, runs: Beat["runs"]): Promise<Set<string>> {
    if (runs.length === 0) return new Set();
    const rows = await prisma.run.findMany({
      where: { id: { in: runs.map(({ runId }) => runId) }, leaseOwner: workerId, state: "RUNNING" },
      select: { id: true, attempt: true },
    });
    return new Set(rows.map(({ id, attempt }) => `${id} ${attempt}`));
  }

  return {
    async beat(workerId, { runs, measurements }) {
      const values = [
        workerId,
        runs.map(({ runId }) => runId),
        runs.map(({ attempt }) => attempt),
        timing.lease,
        measurements.map((each) => whole(each?.freeBytes, 0, 2 ** 50)),
        measurements.map((each) => whole(each?.utilization, 0, 100)),
        measurements.map((each) => whole(each?.temperature, -300, 1000)),
      ];
      const progress = runs.map((run) => (run.progress === undefined ? null : toJson(run.progress)));
      const { rows } = progress.some((each) => each !== null)
        ? await prepared<Row>("heartbeat with progress", renewalWithProgress, [...values, progress])
        : await prepared<Row>("heartbeat", renewal, values);
      const [row] = rows;
      if (!row) return undefined;
      const { drain, holds = [] } = row.orders ?? {};
      const renewed = new Map(row.runs?.map((run) => [`${run.id} ${run.attempt}`, run]));
      const keyOf = ({ runId, attempt }: { runId: string; attempt: number }) => `${runId} ${attempt}`;
      const held = await heldOf(
        workerId,
        runs.filter((run) => !renewed.has(keyOf(run))),
      );
      return {
        state: row.state,
        holds,
        ...(drain === undefined ? {} : { drain }),
        runs: runs.map(({ runId, attempt }) => {
          const run = renewed.get(keyOf({ runId, attempt }));
          return {
            runId,
            attempt,
            held: run !== undefined || held.has(keyOf({ runId, attempt })),
            renewed: run !== undefined,
            cancel: run?.cancel ?? false,
            preempt: run !== undefined && (run.preempt || drain?.now === true),
            ...(run?.preempt && run.grace !== null ? { graceSeconds: Math.max(0, run.grace) } : {}),
          };
        }),
      };
    },
  };
}

/** A measurement that cannot be true counts as missing: it must not cost the leases that come with it. */
const whole = (value: number | undefined, least: number, most: number): number | null =>
  value !== undefined && value >= least && value <= most ? Math.round(value) : null;
