import type { ExpectedStart, LeaseTiming, Unblock, WaitingReason } from "@espalier/contract";
import type { Preemption, Reservation, Start } from "@espalier/scheduler";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { KeptQueue } from "./kept-queue.ts";
import { silenceOf } from "../pool/silence.ts";
import { readSnapshot, type NumberedSnapshot } from "./snapshot.ts";

/** A delivery to put on the queue of a worker, by its name. `dispatch` numbers the deliveries of a run. */
export interface Delivery {
  runId: string;
  worker: string;
  dispatch: number;
}

/** Why a run waits. It names only runs of the same team. */
export interface DispatchWaiting {
  runId: string;
  reason: WaitingReason;
  position: number | null;
  unblockedBy: readonly Unblock[];
  expectedStart: ExpectedStart | null;
}

export interface DispatchDecisions {
  /** The number of the snapshot from which the decisions were made. */
  number: string;
  starts: readonly Omit<Start, "backfilled">[];
  preemptions: readonly Omit<Preemption, "atRisk">[];
  /** Stored, and returned with the next snapshot. */
  reservations: readonly Reservation[];
  /** The runs whose reason to wait has changed. */
  waiting: readonly DispatchWaiting[];
}

export interface Committed {
  deliveries: Delivery[];
  /** Starts that are not possible any more, because the run or one of its devices has changed since the snapshot. */
  skipped: { runId: string; reason: string }[];
  /** Runs that have been asked to make room. */
  preempted: string[];
}

export interface Dispatch {
  /**
   * The pool at one moment. The number of statements does not depend on its size.
   * @param queue the queued runs that the caller has read before; default: none, so that all are read
   * @param planned keys of the history that are read too, for runs that are not there
   */
  snapshot(queue?: KeptQueue, planned?: readonly (readonly string[])[]): Promise<NumberedSnapshot>;
  /** Writes all decisions in one transaction. Undefined, and nothing is written, when another plan was committed since the snapshot. */
  commit(decisions: DispatchDecisions): Promise<Committed | undefined>;
  /** New deliveries for runs that were delivered this long ago and not claimed (default: 30 s), because a queue may have lost them. */
  redeliver(olderThanSeconds?: number): Promise<Delivery[]>;
  /**
   * Puts runs back from DISPATCHED to QUEUED whose devices take no new runs any more, whose worker is silent, or which their
   * worker has not claimed for `unclaimedSeconds` (default 150). In the last case no run starts on its devices for a minute.
   */
  recall(unclaimedSeconds?: number): Promise<string[]>;
}

/** Condition: a device of run `r` takes no new runs, or its worker has been silent for $2 s. */
const isRefused = `not exists (select from run_device e where e.run_id = r.id)
  or exists (select from run_device e where e.run_id = r.id and not exists (
    select from claimable_device d join worker_pulse p on p.worker_id = d.worker_id
    where d.id = e.device_id and d.worker_id = r.dispatch_worker and p.seen_at > now() - make_interval(secs => $2)))`;

export function createDispatch(database: Database, timing: LeaseTiming): Dispatch {
  const { query, transaction } = database;
  return {
    snapshot: (queue = new KeptQueue(), planned = []) => readSnapshot(database, timing, queue, planned),

    commit: (decisions) =>
      transaction(async (tx) => {
        const { rowCount } = await tx.query(
          "update dispatch_plan set number = number + 1, reservations = $2 where number = $1",
          [decisions.number, toJson(decisions.reservations)],
        );
        if (rowCount === 0) return undefined;
        const preempted = await preempt(tx, decisions.preemptions);
        const started = await start(tx, decisions.starts);
        await writeWaiting(tx, decisions.waiting);
        return { ...started, preempted };
      }),

    async redeliver(olderThanSeconds = 30) {
      const { rows } = await query<Delivery>(
        `update run r set dispatch = dispatch + 1, delivered_at = now() from worker w
         where r.state = 'DISPATCHED' and r.delivered_at < now() - make_interval(secs => $1) and w.id = r.dispatch_worker
         returning r.id as "runId", w.name as worker, r.dispatch`,
        [olderThanSeconds],
      );
      return rows;
    },

    async recall(unclaimedSeconds = (timing.lease * 10) / 3) {
      const { rows } = await query<{ id: string }>(
        `with late as (
           select r.id, ${isRefused} as refused from run r where r.state = 'DISPATCHED'
             and (${isRefused} or r.dispatched_at < now() - make_interval(secs => $1))
         ), left_alone as (
           update device set declined_until = now() + interval '1 minute'
           where id in (select device_id from run_device e join late on late.id = e.run_id where not late.refused)
         )
         update run r set state = 'QUEUED', reason = case when late.refused
           then 'Its devices take no new runs any more.' else 'Its worker did not start it in time.' end
         from late where r.id = late.id and r.state = 'DISPATCHED' returning r.id`,
        [unclaimedSeconds, silenceOf(timing)],
      );
      await query("delete from run_waiting w using run r where r.id = w.run_id and r.state <> 'QUEUED'");
      return rows.map(({ id }) => id);
    },
  };
}

/** Puts runs from QUEUED to DISPATCHED with their devices, except those that were cancelled or have lost a device. */
async function start(
  tx: Transaction,
  starts: DispatchDecisions["starts"],
): Promise<Pick<Committed, "deliveries" | "skipped">> {
  if (starts.length === 0) return { deliveries: [], skipped: [] };
  const seats = starts.flatMap(({ runId, allocations }) => allocations.map((seat) => ({ runId, ...seat })));
  const { rows } = await tx.query<{
    runId: string;
    worker: string;
    dispatch: number | null;
    refused: boolean;
  }>(
    `with start as (
       select * from unnest($1::text[], $2::text[], $3::bool[], $4::bool[]) s (run_id, worker_id, borrowing, aged)
     ), seat as (
       select * from unnest($5::text[], $6::text[], $7::bigint[], $8::float8[]) s (run_id, device_id, reserved_bytes, units)
     ), wanted as (
       select start.*, exists (select from seat where seat.run_id = start.run_id and not exists (
         select from claimable_device d where d.id = seat.device_id and d.worker_id = start.worker_id)) as refused
       from start
     ), started as (
       update run r set state = 'DISPATCHED', dispatch = dispatch + 1, dispatch_worker = w.worker_id, borrowing = w.borrowing,
         aged = w.aged, dispatched_at = now(), delivered_at = now(), reason = null
       from wanted w where r.id = w.run_id and not w.refused and r.state = 'QUEUED' and r.held_at is null and r.cancel_requested_at is null
       returning r.id, r.dispatch
     ), placed as (
       insert into run_device (run_id, device_id, reserved_bytes, units)
       select seat.* from seat join started on started.id = seat.run_id
     )
     select wanted.run_id as "runId", worker.name as worker, started.dispatch, wanted.refused
     from wanted left join worker on worker.id = wanted.worker_id left join started on started.id = wanted.run_id`,
    [
      starts.map(({ runId }) => runId),
      starts.map(({ workerId }) => workerId),
      starts.map(({ borrowing }) => borrowing),
      starts.map(({ aged }) => aged),
      seats.map(({ runId }) => runId),
      seats.map(({ deviceId }) => deviceId),
      seats.map(({ reservedBytes }) => reservedBytes),
      seats.map(({ units }) => units),
    ],
  );
  const deliveries: Delivery[] = [];
  const skipped: Committed["skipped"] = [];
  for (const { runId, worker, dispatch, refused } of rows)
    if (dispatch !== null) deliveries.push({ runId, worker, dispatch });
    else
      skipped.push({
        runId,
        reason: refused
          ? "A device takes no new runs any more."
          : "The run is not QUEUED any more, or is held.",
      });
  return { deliveries, skipped };
}

async function preempt(tx: Transaction, preemptions: DispatchDecisions["preemptions"]): Promise<string[]> {
  if (preemptions.length === 0) return [];
  const { rows } = await tx.query<{ id: string }>(
    `update run r set preempt_requested_at = now(), preempt_reason = p.reason, preempt_for = p.for_run,
       preempt_until = now() + p.grace * interval '1 ms'
     from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) p (run_id, reason, for_run, grace)
     where r.id = p.run_id and r.state = 'RUNNING' and r.preempt_requested_at is null returning r.id`,
    [
      preemptions.map(({ runId }) => runId),
      preemptions.map(({ reason }) => reason),
      preemptions.map(({ forRunId }) => forRunId),
      preemptions.map(({ graceMs }) => graceMs),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Looks up each run by its key: for a join, PostgreSQL would have to guess how many runs there are. */
async function writeWaiting(tx: Transaction, waiting: readonly DispatchWaiting[]): Promise<void> {
  if (waiting.length === 0) return;
  await tx.query(
    `insert into run_waiting as w (run_id, reason, position, unblocked_by, expected_start)
     select u.run_id, u.reason::jsonb, u.position, u.unblocked_by::jsonb, u.expected_start::jsonb
     from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[])
       u (run_id, reason, position, unblocked_by, expected_start)
     where (select r.state from run r where r.id = u.run_id) = 'QUEUED'
     on conflict (run_id) do update set reason = excluded.reason, position = excluded.position,
       unblocked_by = excluded.unblocked_by, expected_start = excluded.expected_start,
       since = case when w.reason ->> 'code' = excluded.reason ->> 'code' then w.since else now() end
     where (w.reason, w.position, w.unblocked_by, w.expected_start)
       is distinct from (excluded.reason, excluded.position, excluded.unblocked_by, excluded.expected_start)`,
    [
      waiting.map(({ runId }) => runId),
      waiting.map(({ reason }) => JSON.stringify(reason)),
      waiting.map(({ position }) => position),
      waiting.map(({ unblockedBy }) => JSON.stringify(unblockedBy)),
      waiting.map(({ expectedStart }) => expectedStart && JSON.stringify(expectedStart)),
    ],
  );
}
