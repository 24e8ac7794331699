import { type HoldCause, type Measurement, type Progress, type WorkerState } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { channel } from "../events/events.ts";
import { toJson } from "../database/json.ts";

/** What a worker reports every few seconds. */
export interface Beat {
  /** The attempts that it works on, with their progress where that has changed. */
  runs: readonly { runId: string; attempt: number; progress?: Progress }[];
  /** In the order of the devices' positions; undefined where nothing was measured. */
  measurements: readonly (Measurement | undefined)[];
  /** Seconds by which the clock of the host is ahead of the database's, where that was measured. */
  clockOffset?: number;
}

export interface BeatAnswer {
  state: WorkerState;
  /** The database's clock when it answered, in seconds since 1970. */
  at: number;
  /** One answer for each run of the beat. */
  runs: readonly RunAnswer[];
  /** The worker must take no new runs. `now`: it must also give back the runs that it has. */
  drain?: { now: boolean; done: boolean };
  /**
   * Why its devices take no new runs. `accepted`: an operator knows of so many errors, so the device may take runs again.
   * `times`: how often it was held for failures since a run succeeded on it.
   */
  holds: readonly { deviceId: string; cause: HoldCause; accepted?: number; times?: number }[];
}

interface RunAnswer {
  runId: string;
  attempt: number;
  /** This worker has the run, and its lease starts again from now. */
  held: boolean;
  /** The progress that came with it is stored, where there was any. */
  stored: boolean;
  cancel: boolean;
  preempt: boolean;
  /** How long it has to save, where the one who asked has said so. */
  graceSeconds?: number;
}

export interface Heartbeats {
  /**
   * Renews the leases of a worker's runs, and stores their progress and the measurements of its devices, in one statement. For
   * a run that the worker does not hold, `held` is false. Progress of a run that another transaction is changing at this
   * moment is not `stored`; the worker reports it again. Undefined when the worker is not known.
   */
  beat(workerId: string, beat: Beat): Promise<BeatAnswer | undefined>;
}

interface Row {
  state: WorkerState;
  at: number;
  orders: Partial<Pick<BeatAnswer, "drain" | "holds">> | null;
  runs: { id: string; attempt: number; cancel: boolean; preempt: boolean; grace: number | null }[] | null;
  stored: string[] | null;
}

/** How a run and its attempt are named in the list of a pulse. */
const leaseKey = ({ runId, attempt }: { runId: string; attempt: number }) => `${runId} ${attempt}`;

/**
 * Condition on run `r`: its lease has ended, where a lease lasts `seconds`. The claim gives the first lease. Afterwards it lasts
 * for as long as the worker's latest heartbeat is younger than a lease and names the attempt.
 */
export const leaseHasEnded = (seconds: string): string => `r.lease_until < now() and not exists (
  select from worker_pulse p where p.worker_id = r.lease_owner and p.seen_at > now() - make_interval(secs => ${seconds})
    and r.id || ' ' || r.attempt = any(p.held))`;

// 500 workers run this every five seconds. So it is one statement that is planned once: nothing in it makes PostgreSQL plan
// again for the given values, which would cost more than the work itself. The renewal is a list in the worker's own narrow
// row, which nobody else writes but an operator's order. It only reads the rows of runs, so it waits for no lock on them
// and skips none, whatever happens to a run at this moment: data that is being written, a cancel, a plan of the scheduler. It
// may read a run that is about to be ended as held; then the next heartbeat says so, and until then the fence of
// each write holds. Progress is written to the run unless another transaction is changing it. The statement does not
// wait until it is on disk: a crash of the server may lose the last moments, and leases are far longer. Listeners are
// notified of new progress at once, unless the event is longer than NOTIFY allows.
const statement = (progress: boolean): string => `
  with unsynced as (select set_config('synchronous_commit', 'off', true)),
  mine as (
    select id, attempt, cancel_requested_at is not null as cancel, preempt_requested_at is not null as preempt,
      extract(epoch from preempt_until - now())::float8 as grace
    from run where lease_owner = $1 and state = 'RUNNING'
  ) ${progress ? reported : ""}
  update worker_pulse p set seen_at = now(), held = $2, free_bytes = $3, utilization = $4, temperature = $5, clock_offset = $6
  from unsynced, worker w where p.worker_id = $1 and w.id = $1
  returning w.state, extract(epoch from clock_timestamp())::float8 as at, p.orders, (select json_agg(mine) from mine) as runs
    ${progress ? ", (select json_agg(lease) from stored) as stored, (select count(sent) from notified) as notified" : ""}`;
const reported = `, free as (
    select r.id, r.progress as before, b.lease, b.progress::jsonb as progress
    from unnest($2::text[], $7::text[]) b (lease, progress) join run r on r.id || ' ' || r.attempt = b.lease
    where r.lease_owner = $1 and r.state = 'RUNNING' and b.progress is not null for no key update of r skip locked
  ), stored as (
    update run set progress = free.progress from free where run.id = free.id
    returning run.id, run.attempt, run.team_id, run.experiment_id, run.progress, free.before, free.lease
  ), notified as (
    select pg_notify('${channel}', team_id || ' ' || id || ' progress ' || event) as sent
    from stored, lateral (select jsonb_strip_nulls(jsonb_build_object('type', 'run.progress', 'at', now(), 'runId', id,
      'experimentId', experiment_id, 'attempt', attempt, 'progress', progress))::text as event) e
    where progress is distinct from before and octet_length(event) < 7000
  )`;
const [renewal, renewalWithProgress] = [statement(false), statement(true)];

export function createHeartbeats({ prepared }: Database): Heartbeats {
  return {
    async beat(workerId, { runs, measurements, clockOffset = null }) {
      const values = [
        workerId,
        runs.map(leaseKey),
        measurements.map((each) => whole(each?.freeBytes, 0, 2 ** 50)),
        measurements.map((each) => whole(each?.utilization, 0, 100)),
        measurements.map((each) => whole(each?.temperature, -300, 1000)),
        clockOffset,
      ];
      const progress = runs.map((run) => (run.progress === undefined ? null : toJson(run.progress)));
      const { rows } = progress.some((each) => each !== null)
        ? await prepared<Row>("heartbeat with progress", renewalWithProgress, [...values, progress])
        : await prepared<Row>("heartbeat", renewal, values);
      const [row] = rows;
      if (!row) return undefined;
      const { drain, holds = [] } = row.orders ?? {};
      const mine = new Map(row.runs?.map((run) => [leaseKey({ runId: run.id, attempt: run.attempt }), run]));
      const stored = new Set(row.stored);
      return {
        state: row.state,
        at: row.at,
        holds,
        ...(drain === undefined ? {} : { drain }),
        runs: runs.map(({ runId, attempt, progress: told }) => {
          const key = leaseKey({ runId, attempt });
          const run = mine.get(key);
          return {
            runId,
            attempt,
            held: run !== undefined,
            stored: told === undefined || stored.has(key),
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
