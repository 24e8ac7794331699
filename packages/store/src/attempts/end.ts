import {
  judge,
  Problem,
  type EndedAttempt,
  type FailureClass,
  type Lease,
  type PastFailure,
  type ProblemDocument,
  type RunSpec,
  type RunState,
} from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { settleDependents } from "../runs/dependents.ts";
import { wallTimeVerdict } from "./wall-time.ts";
import { toJson, toText } from "../database/json.ts";

/** A run that is locked by this transaction, with what decides its next state when its attempt ends without a result. */
interface HeldRun extends Omit<EndedAttempt, "problem"> {
  id: string;
  attempt: number;
  cancelRequested: boolean;
}

export const leaseLost = ({ runId, attempt }: Lease): Problem =>
  new Problem("lease/lost", `Attempt ${attempt} does not hold run ${runId} any more; stop it.`, { runId });

/**
 * Locks the run of a lease, after what its attempt is writing at the moment (see `heldRun`). Undefined when the lease is not
 * the current one any more, `condition` does not hold, or, with `skip locked`, somebody else has locked it.
 */
export async function holdRun(
  tx: Transaction,
  { runId, attempt, workerId }: Lease,
  condition = "true",
  wait: "" | "skip locked" = "",
): Promise<HeldRun | undefined> {
  type Row = { id: string; attempt: number; cancel: boolean; spec: RunSpec; forgiven: number };
  const { rows } = await tx.query<Row>(
    `select id, attempt, cancel_requested_at is not null as cancel, coalesce(resolved, spec) as spec, forgiven_attempt as forgiven from run r
     where id = $1 and attempt = $2 and lease_owner = $3 and state = 'RUNNING' and ${condition} for update of r ${wait}`,
    [runId, attempt, workerId],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { id, spec, forgiven } = row;
  const past = await readPast(tx, runId);
  return {
    id,
    attempt: row.attempt,
    spec,
    cancelRequested: row.cancel,
    progressed: past.find(({ number }) => number === attempt)?.progressed ?? false,
    past: past.flatMap(({ number, failure, progressed }) =>
      failure !== null && number > forgiven && number < attempt ? [{ failure, progressed }] : [],
    ),
  };
}

/** All attempts of a run, oldest first. `progressed`: it saved a later step than all attempts before it. */
async function readPast(
  tx: Transaction,
  runId: string,
): Promise<(Pick<PastFailure, "progressed"> & { number: number; failure: FailureClass | null })[]> {
  const { rows } = await tx.query<{ number: number; failure: FailureClass | null; progressed: boolean }>(
    `select number, failure, coalesce(checkpoint_step > coalesce(max(checkpoint_step) over (
         order by number rows between unbounded preceding and 1 preceding), -1), false) as progressed
     from attempt where run_id = $1 order by number`,
    [runId],
  );
  return rows;
}

/**
 * Ends the attempt of a held run without a result. Without a problem, the worker has given the run back. A run that is queued
 * again keeps its `queued_at`, and with it its place in the queue.
 */
export async function endAttempt(
  tx: Transaction,
  run: HeldRun,
  attemptState: "FAILED" | "LOST" | "RETURNED" | "PREEMPTED",
  problem?: ProblemDocument,
): Promise<RunState> {
  const judged = run.cancelRequested
    ? { state: "CANCELLED" as const, pause: 0, failure: null, problem: undefined }
    : judge({ ...run, problem });
  const timedOut =
    judged.state === "QUEUED" ? await wallTimeVerdict(tx, { ...run, problem }, judged.failure) : undefined;
  const verdict = timedOut ?? judged;
  if (timedOut && problem === undefined) [attemptState, problem] = ["FAILED", timedOut.problem];
  const reason = run.cancelRequested
    ? "Cancelled while it ran."
    : ((verdict.problem ?? problem)?.detail ??
      (attemptState === "PREEMPTED" ? "It made room for another run." : "The worker gave it back."));
  await tx.query(
    `update run set state = $2::text, failure = $3, problem = $4, reason = $5, lease_until = null,
       not_before = case when $6::float8 > 0 then now() + make_interval(secs => $6) end,
       ended_at = case when $2::text = 'QUEUED' then null else now() end
     where id = $1`,
    [
      run.id,
      verdict.state,
      verdict.failure,
      verdict.problem === undefined ? null : toJson(verdict.problem),
      toText(reason),
      verdict.pause,
    ],
  );
  await tx.query(
    "update attempt set state = $3, problem = $4, failure = $5, ended_at = now() where run_id = $1 and number = $2",
    [
      run.id,
      run.attempt,
      verdict.state === "CANCELLED" ? "CANCELLED" : attemptState,
      problem === undefined ? null : toJson(problem),
      verdict.failure,
    ],
  );
  if (verdict.failure === "infrastructure" || verdict.failure === "host") await avoidDevice(tx, run);
  if (verdict.state !== "QUEUED") await settleDependents(tx, [run.id]);
  return verdict.state;
}

/**
 * The pool has failed a run on this device. If another device of the same kind is idle, no run starts on this one for 30 s, so
 * that the other one gets the next run. It is a short time, because no run may wait for a device that never becomes free.
 */
const avoidDevice = (tx: Transaction, { id, attempt }: HeldRun) =>
  tx.query(
    `update device d set declined_until = now() + interval '30 s' from attempt a
     where a.run_id = $1 and a.number = $2 and d.id = a.device_id and exists (
       select from claimable_device other where other.kind = d.kind and other.id <> d.id
         and not exists (select from run_device e where e.device_id = other.id))`,
    [id, attempt],
  );
