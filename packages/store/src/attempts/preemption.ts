import type { Lease } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { progressOf } from "../runs/row.ts";

/** Assignments that forget a request to make room for another run. */
export const notPreempted =
  "preempt_requested_at = null, preempt_until = null, preempt_for = null, preempt_reason = null";

/**
 * Writes into the attempt of a lease why it makes room, and for which run if that is of the same team. False when nobody has
 * asked it to make room.
 */
export async function markPreempted(tx: Transaction, { runId, attempt }: Lease): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update attempt a set preempt_reason = r.preempt_reason,
       preempt_for = (select o.id from run o where o.id = r.preempt_for and o.team_id = r.team_id)
     from run r where r.id = $1 and r.attempt = $2 and r.preempt_requested_at is not null and r.cancel_requested_at is null
       and a.run_id = r.id and a.number = r.attempt`,
    [runId, attempt],
  );
  if (rowCount === 0) return false;
  await tx.query(`update run set ${notPreempted} where id = $1`, [runId]);
  return true;
}

/**
 * How many steps attempt $2 of run `r` has reported after the last one that was saved by any attempt; null where it reported no
 * steps.
 */
export const lostSteps = `(select greatest(0, done.step - coalesce(saved.step, 0)) from
   (select greatest(
      (select last.step from metric_series m cross join lateral (
         select p.step from metric_point p where p.series = m.id order by p.step desc limit 1) last
       where m.run_id = r.id and m.attempt = $2 and m.name = 'loss'),
      (select (told.progress ->> 'done')::float8::int from (select ${progressOf("r")}) told (progress)
       where told.progress ->> 'unit' = 'steps')) as step) done,
   (select max(s.checkpoint_step) as step from attempt s where s.run_id = r.id) saved
   where done.step is not null)`;
