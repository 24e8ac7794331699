import {
  judge,
  mayBeOfPlace,
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
import { blame, isOnlyWorker } from "./blame.ts";
import { isExcused } from "../pool/failures.ts";
import { settleDependents } from "../runs/dependents.ts";
import { wallTimeVerdict } from "./wall-time.ts";
import { toJson, toText } from "../database/json.ts";
import { lostSteps } from "./preemption.ts";

/** How long a run waits for another place than those where it failed, while there is one. */
const avoidedFor = "5 min";
const mostAvoided = 64;

/** A run that is locked by this transaction, with what decides its next state when its attempt ends without a result. */
interface HeldRun extends Pick<EndedAttempt, "spec" | "progressed" | "past" | "worker"> {
  id: string;
  attempt: number;
  workerId: string;
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
    workerId,
    worker: past.find(({ number }) => number === attempt)?.worker ?? workerId,
    spec,
    cancelRequested: row.cancel,
    progressed: past.find(({ number }) => number === attempt)?.progressed ?? false,
    past: past.flatMap(({ number, failure, ...more }) =>
      failure !== null && number > forgiven && number < attempt ? [{ failure, ...more }] : [],
    ),
  };
}

interface AttemptRow extends Omit<PastFailure, "failure"> {
  number: number;
  failure: FailureClass | null;
}

/** All attempts of a run, oldest first. `progressed`: it saved a later step than all attempts before it. */
async function readPast(tx: Transaction, runId: string): Promise<AttemptRow[]> {
  const { rows } = await tx.query<AttemptRow>(
    `select a.number, a.failure, w.name as worker, ${isExcused} as excused,
       coalesce(checkpoint_step > coalesce(max(checkpoint_step) over (
         order by number rows between unbounded preceding and 1 preceding), -1), false) as progressed
     from attempt a join worker w on w.id = a.worker_id where a.run_id = $1 order by a.number`,
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
  const blamed =
    !run.cancelRequested && problem !== undefined && mayBeOfPlace(problem.code)
      ? await blame(tx, { ...run, runId: run.id, state: attemptState, problem })
      : { places: [], excused: false };
  const ended = {
    ...run,
    problem,
    excused: blamed.excused,
    onlyWorker: blamed.places.length > 0 && (await isOnlyWorker(tx, run.id, run.worker)),
  };
  const judged = run.cancelRequested
    ? { state: "CANCELLED" as const, pause: 0, failure: null, problem: undefined }
    : judge(ended);
  const timedOut = judged.state === "QUEUED" ? await wallTimeVerdict(tx, ended, judged.failure) : undefined;
  const verdict = timedOut ?? judged;
  if (timedOut && problem === undefined) [attemptState, problem] = ["FAILED", timedOut.problem];
  const cancelled = verdict.state === "CANCELLED";
  const { rows } = await tx.query<{ lost: number | null }>(
    `update attempt a set state = $3, problem = $4, failure = $5, ended_at = now(),
       lost_steps = ${cancelled ? "null" : lostSteps}
     from run r where r.id = $1 and a.run_id = r.id and a.number = $2 returning a.lost_steps as lost`,
    [
      run.id,
      run.attempt,
      cancelled ? "CANCELLED" : attemptState,
      problem === undefined ? null : toJson(problem),
      verdict.failure,
    ],
  );
  const lost = rows[0]?.lost ? ` Its ${rows[0].lost} steps since the last save are lost.` : "";
  const left = attemptState === "PREEMPTED" ? "It made room for another run." : "The worker gave it back.";
  const reason = cancelled
    ? "Cancelled while it ran."
    : ((verdict.problem ?? problem)?.detail ?? left + lost);
  await tx.query(
    `update run set state = $2::text, failure = $3, problem = $4, reason = $5, lease_until = null,
       not_before = case when $6::float8 > 0 then now() + make_interval(secs => $6) end,
       ended_at = case when $2::text = 'QUEUED' then null else now() end,
       avoid = case when cardinality($7::text[]) = 0 then avoid else array(
         select unnest(case when avoid_until > now() then avoid end) union select unnest($7::text[]) limit ${mostAvoided}) end,
       avoid_until = case when cardinality($7::text[]) = 0 then avoid_until else now() + interval '${avoidedFor}' end
     where id = $1`,
    [
      run.id,
      verdict.state,
      verdict.failure,
      verdict.problem === undefined ? null : toJson(verdict.problem),
      toText(reason),
      verdict.pause,
      blamed.places,
    ],
  );
  if (verdict.state !== "QUEUED") await settleDependents(tx, [run.id]);
  return verdict.state;
}
