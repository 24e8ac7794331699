import {
  isTerminal,
  Problem,
  runStates,
  statesBefore,
  type Architecture,
  type Lease,
  type LeaseTiming,
  type ModelSource,
  type ProblemDocument,
  type Run,
  type RunResult,
  type RunState,
} from "@espalier/contract";
import type { NewArtifact } from "../artifacts/artifacts.ts";
import { endAttempt, holdRun, leaseLost } from "./end.ts";
import { leaseHasEnded } from "./heartbeats.ts";
import type { StoredObject } from "../bytes/bytes.ts";
import type { Database } from "../database/database.ts";
import { settleDependents } from "../runs/dependents.ts";
import { toJson } from "../database/json.ts";
import type { NewModel } from "../models/models.ts";
import { markPreempted, notPreempted } from "./preemption.ts";
import { stopOverdue } from "./wall-time.ts";
import { successCounts } from "../pool/failures.ts";
import { publish } from "./publish.ts";
import { runColumns, toRun, type RunRow } from "../runs/row.ts";

/** The last state that an attempt saved. */
export interface Checkpoint {
  step: number;
  stored: StoredObject;
}

/** What a worker gets with a lease. */
export interface Claim {
  lease: Lease;
  teamId: string;
  run: Run;
  /** The state that an earlier attempt saved, from which this one goes on. */
  checkpoint?: Checkpoint;
  /** The devices of the run, in the order of their positions. */
  deviceIds: string[];
  /** An earlier attempt ran out of memory, so this one uses half the chunk. */
  smaller: boolean;
}

/** What a successful attempt publishes: all of it, or nothing. */
export interface Success {
  result: RunResult;
  artifacts?: NewArtifact[];
  model?: NewModel;
  /** Of an import: the architecture that its tensors show. The model becomes READY with it. */
  architecture?: Architecture;
  /** Of an import from a hub: which of the artifacts are files of the model. */
  files?: NewModel["files"];
  /** Of an import from a hub: the request, with the commit that its revision stood for. */
  source?: ModelSource;
}

/**
 * Every call names an attempt, and does nothing when that is not the current attempt of its run. All times are those of the
 * database's clock. After a lease has expired, a heartbeat, `saveCheckpoint` and the calls that end the attempt still
 * succeed until `sweepExpired` has ended it.
 */
export interface Leases {
  /**
   * Starts the next attempt of a run that was DISPATCHED to this worker, on exactly the devices that the scheduler chose.
   * Undefined when there is nothing to claim; the worker then drops the delivery. When one of the devices takes no new runs,
   * or is among the `closed` ones that the worker itself does not use, the run goes back to the scheduler.
   */
  claim(input: { runId: string; workerId: string; closed?: readonly string[] }): Promise<Claim | undefined>;
  /** Asks the worker of the run, in the next heartbeat, to save it and give it back. False unless the run is RUNNING. */
  preempt(runId: string): Promise<boolean>;
  /** Asks the runs that have computed for as long as their limit allows to save and leave; returns their ids. */
  stopOverdue(): Promise<string[]>;
  /** Makes a stored checkpoint the one to resume from. Throws `lease/lost`. */
  saveCheckpoint(lease: Lease, checkpoint: Checkpoint): Promise<void>;
  /** Ends the attempt with a result. Throws `lease/lost`, and then publishes nothing. */
  succeed(lease: Lease, success: Success): Promise<void>;
  /**
   * Ends the attempt with a problem. `judge` decides the next state of the run: QUEUED, FAILED or QUARANTINED. If somebody
   * has asked to cancel it, it is CANCELLED. Throws `lease/lost`.
   */
  fail(lease: Lease, problem: ProblemDocument): Promise<RunState>;
  /** Ends an attempt that has stopped because somebody asked to cancel the run. Throws `lease/lost`. */
  cancelled(lease: Lease): Promise<void>;
  /** Gives the run back without charging the attempt, as on shutdown or to make room. Throws `lease/lost`. */
  giveBack(lease: Lease): Promise<void>;
  /**
   * Ends attempts whose lease has expired. Does nothing in the first `graceSeconds` after the start of the database (default:
   * that of the store's lease timing, 20 s), so that workers that were running before it can renew their leases first.
   */
  sweepExpired(graceSeconds?: number): Promise<{ runId: string; attempt: number; state: RunState }[]>;
  /** Those of these runs that have not ended. */
  unfinished(runIds: readonly string[]): Promise<string[]>;
}

const terminal = runStates.filter(isTerminal);
const claimable = statesBefore("RUNNING");
/** Condition: the attempt ($2) is the current one of the run ($1), and this worker ($3) has it. */
const held = "id = $1 and attempt = $2 and lease_owner = $3 and state = 'RUNNING'";
const key = ({ runId, attempt, workerId }: Lease) => [runId, attempt, workerId];

/** Condition: a device of the run ($1) takes no new runs, or is one that its worker ($2) itself does not use now ($3). */
const isRefused = `not exists (select from run_device where run_id = $1)
  or exists (select from run_device e where e.run_id = $1 and (e.device_id = any($3::text[]) or not exists (
    select from claimable_device d where d.id = e.device_id and d.worker_id = $2)))`;
/** How long the scheduler leaves a device alone that its worker does not use, until the database knows why. */
const declinedFor = "10 s";

export function createLeases({ prisma, query, transaction }: Database, timing: LeaseTiming): Leases {
  /** Puts the run back from DISPATCHED to QUEUED, if one of its devices refuses it. */
  const decline = (runId: string, workerId: string, closed: readonly string[]) =>
    query(
      `with declined as (
         update run set state = 'QUEUED', reason = 'The device that was to take it takes no new runs now.'
         where id = $1 and state = 'DISPATCHED' and dispatch_worker = $2 and (${isRefused}) returning id
       )
       update device set declined_until = now() + interval '${declinedFor}'
       where id = any($3) and id in (select e.device_id from run_device e join declined on declined.id = e.run_id)`,
      [runId, workerId, closed],
    );

  return {
    async claim({ runId, workerId, closed = [] }) {
      type Row = RunRow & { checkpoint: Checkpoint | null; smaller: boolean; deviceIds: string[] };
      const { rows } = await query<Row>(
        `with r as (
           update run set state = 'RUNNING', attempt = attempt + 1, lease_owner = $2,
             lease_until = now() + make_interval(secs => $4), started_at = coalesce(started_at, now()),
             progress = null, problem = null, reason = null, failure = null, not_before = null, ${notPreempted}
           where id = $1 and state = any($5) and dispatch_worker = $2 and cancel_requested_at is null and not (${isRefused})
           returning *
         ), saved as (
           select a.checkpoint, a.checkpoint_step from attempt a where a.run_id = $1 and a.checkpoint is not null
           order by a.checkpoint_step desc, a.number desc limit 1
         ), started as (
           insert into attempt (run_id, number, worker_id, device_id, device_ids, resumed_step)
           select id, attempt, lease_owner, (select min(device_id) from run_device e where e.run_id = r.id),
             array(select device_id from run_device e where e.run_id = r.id),
             (select checkpoint_step from saved) from r
         ), unreported as (
           insert into run_progress (run_id, attempt) select id, attempt from r
           on conflict (run_id) do update set attempt = excluded.attempt, progress = null
         )
         select ${runColumns}, (select checkpoint from saved) as checkpoint,
           exists (select from attempt a where a.run_id = r.id and a.number > r.forgiven_attempt
             and a.failure = 'out-of-memory') as smaller,
           array(select d.id from run_device e join device d on d.id = e.device_id where e.run_id = r.id
             order by d.position) as "deviceIds"
         from r`,
        [runId, workerId, closed, timing.lease, claimable],
      );
      const [row] = rows;
      if (!row) {
        await decline(runId, workerId, closed);
        return undefined;
      }
      return {
        lease: { runId, attempt: row.attempt, workerId },
        teamId: row.teamId,
        run: toRun(row),
        deviceIds: row.deviceIds,
        smaller: row.smaller,
        ...(row.checkpoint ? { checkpoint: row.checkpoint } : {}),
      };
    },

    async preempt(runId) {
      const { rowCount } = await query(
        `update run set preempt_requested_at = coalesce(preempt_requested_at, now()),
           preempt_reason = coalesce(preempt_reason, 'request') where id = $1 and state = 'RUNNING'`,
        [runId],
      );
      return rowCount === 1;
    },

    stopOverdue: () => stopOverdue({ query }),

    async saveCheckpoint(lease, { step, stored }) {
      const { rowCount } = await query(
        // For the lock, see `heldRun`: it keeps a later attempt from being claimed, and does not hold up renewals.
        `with held as (select id, attempt from run where ${held} for key share)
         update attempt a set checkpoint_step = $4, checkpoint = $5, checkpoint_at = now() from held
         where a.run_id = held.id and a.number = held.attempt`,
        [...key(lease), step, toJson({ step, stored })],
      );
      if (rowCount === 0) throw leaseLost(lease);
    },

    succeed: (lease, success) =>
      transaction(async (tx) => {
        const { rows } = await tx.query<{ team_id: string; kind: string }>(
          `with ended as (
             update run set state = 'SUCCEEDED', result = $4, problem = null, reason = null, lease_until = null,
               ended_at = now()
             where ${held} returning id, attempt, team_id, kind
           ), closed as (
             update attempt a set state = 'SUCCEEDED', ended_at = now() from ended
             where a.run_id = ended.id and a.number = ended.attempt
           ), ${successCounts}
           select team_id, kind from ended`,
          [...key(lease), toJson(success.result)],
        );
        const [ended] = rows;
        if (!ended) throw leaseLost(lease);
        await publish(tx, { teamId: ended.team_id, runId: lease.runId, attempt: lease.attempt }, success);
        await settleDependents(tx, [lease.runId]);
      }),

    fail: (lease, problem) =>
      transaction(async (tx) => {
        const run = await holdRun(tx, lease);
        if (!run) throw leaseLost(lease);
        return endAttempt(tx, run, "FAILED", problem);
      }),

    cancelled: (lease) =>
      transaction(async (tx) => {
        const { rowCount } = await tx.query(
          `with ended as (
             update run set state = 'CANCELLED', problem = null, reason = 'Cancelled while it ran.',
               cancel_requested_at = coalesce(cancel_requested_at, now()), lease_until = null, ended_at = now()
             where ${held} returning id, attempt
           )
           update attempt a set state = 'CANCELLED', ended_at = now() from ended
           where a.run_id = ended.id and a.number = ended.attempt`,
          key(lease),
        );
        if (rowCount === 0) throw leaseLost(lease);
        await settleDependents(tx, [lease.runId]);
      }),

    giveBack: (lease) =>
      transaction(async (tx) => {
        const run = await holdRun(tx, lease);
        if (!run) throw leaseLost(lease);
        await endAttempt(tx, run, (await markPreempted(tx, lease)) ? "PREEMPTED" : "RETURNED");
      }),

    async sweepExpired(graceSeconds = timing.grace) {
      const { rows } = await query<{
        id: string;
        attempt: number;
        workerId: string;
        name: string;
        host: string;
      }>(
        `select r.id, r.attempt, w.id as "workerId", w.name, w.host from run r join worker w on w.id = r.lease_owner
         where r.state = 'RUNNING' and ${leaseHasEnded("$2")}
           and pg_postmaster_start_time() < now() - make_interval(secs => $1)
         order by r.id`,
        [graceSeconds, timing.lease],
      );
      const swept: { runId: string; attempt: number; state: RunState }[] = [];
      for (const { id: runId, attempt, workerId, name, host } of rows)
        await transaction(async (tx) => {
          // What the attempt still writes is let finish; a later sweep ends it.
          const run = await holdRun(
            tx,
            { runId, attempt, workerId },
            leaseHasEnded(String(timing.lease)),
            "skip locked",
          );
          if (!run) return;
          const problem = new Problem(
            "worker/lost",
            `Worker ${name} on host ${host} has not renewed its lease for ${timing.lease} s.`,
          );
          swept.push({ runId, attempt, state: await endAttempt(tx, run, "LOST", problem.toDocument()) });
        });
      return swept;
    },

    async unfinished(runIds) {
      const rows = await prisma.run.findMany({
        where: { id: { in: [...runIds] }, state: { notIn: terminal } },
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },
  };
}
