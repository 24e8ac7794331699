import { judge, Problem, type FailureClass, type ProblemDocument, type Verdict } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";

/** Failures that are not held against a run, so that their time is not either. */
const ofThePool: readonly FailureClass[] = ["infrastructure", "host"];

/**
 * Seconds that the attempts of run `r` have computed since a person submitted or retried it, without those that the pool
 * failed. `current` says whether the attempt that has not ended counts.
 */
const usedSeconds = (current: string): string => `(
  select coalesce(sum(extract(epoch from coalesce(a.ended_at, now()) - a.started_at)), 0)::float8 from attempt a
  where a.run_id = r.id and a.number > r.forgiven_attempt and case when a.state = 'RUNNING' then ${current}
    else a.failure is null or a.failure not in (${ofThePool.map((name) => `'${name}'`).join(", ")}) end)`;

/** Milliseconds that the next attempt of run `r`, or the one that has not ended, may compute in all; null: no limit. */
export const wallMs = `case when r.wall_seconds is not null
  then greatest(0, (r.wall_seconds - ${usedSeconds("false")}) * 1000)::float8 end`;

/** Why somebody is asked to leave whose time is over; what its worker then saves is the last that it does. */
export const wallTimeReason = "wall-time";

/**
 * Asks the runs that have computed for as long as they may to save and leave. Those that were asked already, for another
 * reason, end when they have left (`wallTimeVerdict`).
 */
export async function stopOverdue({ query }: Pick<Database, "query">): Promise<string[]> {
  const { rows } = await query<{ id: string }>(
    `update run set preempt_requested_at = now(), preempt_reason = '${wallTimeReason}', preempt_for = null, preempt_until = null
     where id in (
       select r.id from run r where r.state = 'RUNNING' and r.wall_seconds is not null and r.preempt_requested_at is null
         and r.cancel_requested_at is null and ${usedSeconds("true")} >= r.wall_seconds
       order by r.id for no key update skip locked)
     returning id`,
  );
  return rows.map(({ id }) => id);
}

/**
 * What becomes of a run that would be queued again, but has computed for as long as it may: it is FAILED, with what it
 * saved. Undefined: it may go on. The attempt that ends now is still RUNNING in its row.
 */
export async function wallTimeVerdict(
  tx: Transaction,
  run: Parameters<typeof judge>[0] & { id: string },
  failure: FailureClass,
): Promise<(Verdict & { problem: ProblemDocument }) | undefined> {
  const { rows } = await tx.query<{ limit: number; used: number; saved: number | null }>(
    `select r.wall_seconds as limit, ${usedSeconds("$2::bool")} as used,
       (select max(checkpoint_step) from attempt where run_id = r.id) as saved
     from run r where r.id = $1 and r.wall_seconds is not null`,
    [run.id, !ofThePool.includes(failure)],
  );
  const [row] = rows;
  if (!row || row.used < row.limit) return undefined;
  const goesOn =
    row.saved === null ? "begins anew" : `goes on from step ${row.saved}, the last that it saved`;
  const problem = new Problem(
    "run/wall-time",
    `It has computed for ${Math.round(row.used)} s, and may for ${row.limit} s (limits.wallSeconds). Set a longer limit and retry it: it ${goesOn}.`,
    { runId: run.id },
  ).toDocument();
  return { ...judge({ ...run, problem }), problem };
}
