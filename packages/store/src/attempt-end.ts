import {
  maxLostAttempts,
  Problem,
  problems,
  type Lease,
  type ProblemDocument,
  type RunState,
} from "@espalier/contract";
import type { Transaction } from "./database.ts";
import { settle } from "./dependents.ts";
import { toJson, toText } from "./json.ts";

/** What decides over a run whose attempt ends without a result. */
interface HeldRun {
  id: string;
  attempt: number;
  lostAttempts: number;
  cancelRequested: boolean;
  /** The attempt has saved more than any before it. */
  progressed: boolean;
  /** An earlier attempt has had this problem, by code. */
  earlierCodes: string[];
}

export const leaseLost = ({ runId, attempt }: Lease): Problem =>
  new Problem("lease/lost", `Attempt ${attempt} does not hold run ${runId} any more; stop it.`, { runId });

/** Locks the run of a lease that is still the current one; `condition` narrows it further. */
export async function holdRun(
  tx: Transaction,
  { runId, attempt, workerId }: Lease,
  condition = "true",
): Promise<HeldRun | undefined> {
  const { rows } = await tx.query<{ id: string; attempt: number; lost: number; cancel: boolean }>(
    `select id, attempt, lost_attempts as lost, cancel_requested_at is not null as cancel from run
     where id = $1 and attempt = $2 and lease_owner = $3 and state = 'RUNNING' and ${condition} for update`,
    [runId, attempt, workerId],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { rows: attempts } = await tx.query<{ number: number; step: number | null; code: string | null }>(
    "select number, checkpoint_step as step, problem ->> 'code' as code from attempt where run_id = $1",
    [runId],
  );
  const before = attempts.filter(({ number }) => number < attempt);
  // -1: nothing saved.
  const step = attempts.find(({ number }) => number === attempt)?.step ?? -1;
  return {
    id: row.id,
    attempt: row.attempt,
    lostAttempts: row.lost,
    cancelRequested: row.cancel,
    progressed: step >= 0 && before.every((earlier) => (earlier.step ?? -1) < step),
    earlierCodes: before.flatMap(({ code }) => (code === null ? [] : [code])),
  };
}

interface Verdict {
  state: "QUEUED" | "FAILED" | "CANCELLED";
  lostAttempts: number;
  problem?: ProblemDocument;
  reason: string;
}

/** What becomes of a run: the contract's `retry` of the problem, bounded by `maxLostAttempts`. */
function judge(run: Omit<HeldRun, "id" | "attempt">, problem: ProblemDocument | undefined): Verdict {
  const charged = problem === undefined ? run.lostAttempts : run.progressed ? 0 : run.lostAttempts + 1;
  const failed = (with_: ProblemDocument): Verdict => ({
    state: "FAILED",
    lostAttempts: charged,
    problem: with_,
    reason: with_.detail,
  });
  if (run.cancelRequested)
    return { state: "CANCELLED", lostAttempts: charged, reason: "Cancelled while it ran." };
  if (problem === undefined)
    return { state: "QUEUED", lostAttempts: charged, reason: "The worker gave it back." };
  const { retry } = problems[problem.code];
  if (retry === "never" || (retry === "smaller" && run.earlierCodes.includes(problem.code)))
    return failed(problem);
  if (charged >= maxLostAttempts)
    return failed(
      new Problem(
        "run/too-many-attempts",
        `${charged} attempts in a row ended without progress; the last one: ${problem.detail}`,
      ).toDocument(),
    );
  return { state: "QUEUED", lostAttempts: charged, reason: problem.detail };
}

/**
 * Ends a held run's attempt without a result. Without a problem the attempt was given back and is not charged.
 * A run that is queued again keeps its place by `queued_at`.
 */
export async function endAttempt(
  tx: Transaction,
  run: HeldRun,
  attemptState: "FAILED" | "LOST" | "RETURNED" | "PREEMPTED",
  problem?: ProblemDocument,
): Promise<RunState> {
  const verdict = judge(run, problem);
  if (attemptState === "PREEMPTED" && verdict.state === "QUEUED")
    verdict.reason = "It made room for another run.";
  await tx.query(
    `update run set state = $2::text, lost_attempts = $3, problem = $4, reason = $5, lease_until = null,
       ended_at = case when $2::text = 'QUEUED' then null else now() end
     where id = $1`,
    [
      run.id,
      verdict.state,
      verdict.lostAttempts,
      verdict.problem === undefined ? null : toJson(verdict.problem),
      toText(verdict.reason),
    ],
  );
  await tx.query(
    "update attempt set state = $3, problem = $4, ended_at = now() where run_id = $1 and number = $2",
    [
      run.id,
      run.attempt,
      verdict.state === "CANCELLED" ? "CANCELLED" : attemptState,
      problem === undefined ? null : toJson(problem),
    ],
  );
  if (verdict.state !== "QUEUED") await settle(tx, [run.id]);
  return verdict.state;
}
