import type { Transaction } from "../database/database.ts";

/** Condition: run `r` belongs to an array of which only some runs may be queued or computing at a time. */
export const takesTurns =
  "exists (select from run_array t where t.id = r.array_id and t.at_once is not null)";

/**
 * Queues the next WAITING runs of the arrays of these runs, in the order of their indices, as far as the arrays allow. The
 * arrays are locked, so that of two runs that end at the same time the second one sees what the first has queued.
 */
export async function queueNextOfArrays(tx: Transaction, runIds: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string; at_once: number }>(
    `select t.id, t.at_once from run_array t where t.at_once is not null
       and t.id in (select array_id from run where id = any($1)) order by t.id for update`,
    [runIds],
  );
  for (const { id, at_once } of rows)
    await tx.query(
      `update run set state = 'QUEUED', queued_at = now(), reason = null
       where state = 'WAITING' and id in (
         select r.id from run r where r.array_id = $1 and r.state = 'WAITING' and not exists (
           select from run_dependency d join run u on u.id = d.depends_on_id
           where d.run_id = r.id and u.state <> 'SUCCEEDED')
         order by r.array_index limit greatest(0, $2 - (
           select count(*) from run where array_id = $1 and state in ('QUEUED', 'DISPATCHED', 'RUNNING'))))`,
      [id, at_once],
    );
}
