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
  /** This worker has the run, its lease starts again from now, and the progress that came with it is stored. */
  held: boolean;
  cancel: boolean;
  preempt: boolean;
  /** How long it has to save, where the one who asked has said so. */
  graceSeconds?: number;
}

export interface Heartbeats {
  /**
   * Renews the leases of a worker's runs, and stores their progress and the measurements of its devices, in one statement. For
   * a run that the worker does not hold, `held` is false. A crash of the server may lose the last moments: nothing waits until
   * they are on disk, and leases are far longer. Undefined when the worker is not known.
   */
  beat(workerId: string, beat: Beat): Promise<BeatAnswer | undefined>;
}

interface Row {
  state: WorkerState;
  at: number;
  orders: Partial<Pick<BeatAnswer, "drain" | "holds">> | null;
  runs:
    | [runId: string, attempt: number, cancel: boolean, preempt: boolean, graceSeconds: number | null][]
    | null;
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
// row, which nobody else writes but an operator's order, and progress has a narrow row for each run, which only its worker
// writes. The rows of runs are only read, so it waits for no lock on them and skips none, whatever happens to a run at
// this moment: data that is being written, a cancel, a plan of the scheduler. It may read a run that is about to be ended as
// held; then the next heartbeat says so, and until then the fence of each write holds. Listeners are notified of new
// progress at once, unless the event is longer than NOTIFY allows. Runs are found by their ids and by nothing else: where the
// statistics are from before these runs began, PostgreSQL takes an index on the state for as good, and then each heartbeat
// reads every running run of the pool. So the condition on the state is written as one that no index answers.
const statement = (runs: "none" | "silent" | "reporting", pooled: boolean): string => `
  ${runs === "reporting" ? `with mine as materialized (select id, attempt, team_id, experiment_id, ${orders} from run where ${isMine}), ${reported}` : ""}
  update worker_pulse p set seen_at = now(), held = $2, free_bytes = $3, utilization = $4, temperature = $5, clock_offset = $6
  from worker w ${pooled ? ", (select set_config('synchronous_commit', 'off', true)) unsynced" : ""} where p.worker_id = $1 and w.id = $1
  returning w.state, extract(epoch from clock_timestamp())::float8 as at, p.orders, ${answers[runs]}`;
const isMine = "id = any($7::text[]) and lease_owner = $1 and state || '' = 'RUNNING'";
const orders = `cancel_requested_at is not null as cancel, preempt_requested_at is not null as preempt,
  extract(epoch from preempt_until - now())::float8 as grace`;
const answer = "json_agg(json_build_array(id, attempt, cancel, preempt, grace))";
const answers = {
  none: "null::json as runs",
  silent: `(select ${answer} from (select id, attempt, ${orders} from run where ${isMine}) mine) as runs`,
  reporting: `(select ${answer} from mine) as runs, (select count(sent) from notified) as notified`,
};
const reported = `told as (
    update run_progress q set progress = b.progress::jsonb
    from mine, unnest($2::text[], $8::text[]) b (lease, progress)
    where b.lease = mine.id || ' ' || mine.attempt and q.run_id = mine.id and q.attempt = mine.attempt
      and b.progress is not null and q.progress is distinct from b.progress::jsonb
    returning mine.team_id, mine.experiment_id, q.run_id, q.attempt, q.progress
  ), notified as (
    select pg_notify('${channel}', team_id || ' ' || run_id || ' progress ' || event) as sent
    from told, lateral (select jsonb_strip_nulls(jsonb_build_object('type', 'run.progress', 'at', now(), 'runId', run_id,
      'experimentId', experiment_id, 'attempt', attempt, 'progress', progress))::text as event) e
    where octet_length(event) < 7000
  )`;

export function createHeartbeats({ prepared, pooled }: Database): Heartbeats {
  const renewal = {
    idle: statement("none", pooled),
    silent: statement("silent", pooled),
    reporting: statement("reporting", pooled),
  };
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
      const named = [...values, runs.map(({ runId }) => runId)];
      const progress = runs.map((run) => (run.progress === undefined ? null : toJson(run.progress)));
      const { rows } = progress.some((each) => each !== null)
        ? await prepared<Row>("heartbeat with progress", renewal.reporting, [...named, progress])
        : runs.length > 0
          ? await prepared<Row>("heartbeat with runs", renewal.silent, named)
          : await prepared<Row>("heartbeat", renewal.idle, values);
      const [row] = rows;
      if (!row) return undefined;
      const { drain, holds = [] } = row.orders ?? {};
      const mine = new Map(
        row.runs?.map(([runId, attempt, ...told]) => [leaseKey({ runId, attempt }), told] as const),
      );
      return {
        state: row.state,
        at: row.at,
        holds,
        ...(drain === undefined ? {} : { drain }),
        runs: runs.map(({ runId, attempt }) => {
          const run = mine.get(leaseKey({ runId, attempt }));
          const [cancel = false, preempt = false, grace = null] = run ?? [];
          return {
            runId,
            attempt,
            held: run !== undefined,
            cancel,
            preempt: run !== undefined && (preempt || drain?.now === true),
            ...(preempt && grace !== null ? { graceSeconds: Math.max(0, grace) } : {}),
          };
        }),
      };
    },
  };
}

/** A measurement that cannot be true counts as missing: it must not cost the leases that come with it. */
const whole = (value: number | undefined, least: number, most: number): number | null =>
  value !== undefined && value >= least && value <= most ? Math.round(value) : null;
