import { unsuccessfulStates } from "@espalier/contract";
import { queueNextOfArrays, takesTurns } from "../arrays/turns.ts";
import type { Transaction } from "../database/database.ts";

const forget = `result = null, problem = null, progress = null, ended_at = null, cancel_requested_at = null, cancelled_by = null,
  failure = null, forgiven_attempt = attempt, not_before = null, avoid = '{}', avoid_until = null, lease_owner = null, dispatch_worker = null`;

/**
 * Brings runs back that ended without success, and then, level by level, their SKIPPED dependents that have no other reason
 * to be skipped. A run is QUEUED when all its dependencies have succeeded, else WAITING. The dependencies of the runs must
 * be locked, or be among them.
 */
export async function requeue(tx: Transaction, runIds: readonly string[]): Promise<void> {
  await tx.query(
    `update run r set (state, queued_at) = (
         select case when ready then 'QUEUED' else 'WAITING' end, case when ready then now() end
         from (select not ${takesTurns} and not exists (
           select from run_dependency d join run u on u.id = d.depends_on_id
           where d.run_id = r.id and u.state <> 'SUCCEEDED')) of_dependencies (ready)),
       reason = 'Retried on request.', held_at = null, held_by = null, ${forget}
     where id = any($1) and state = any($2)`,
    [runIds, unsuccessfulStates],
  );
  await queueNextOfArrays(tx, runIds);
  for (let frontier = runIds; frontier.length > 0;) {
    const revived = await tx.query<{ id: string }>(
      `update run r set state = 'WAITING', queued_at = null, reason = 'A run that it needs was retried.', ${forget}
       where state = 'SKIPPED' and id in (select run_id from run_dependency where depends_on_id = any($1))
         and not exists (select from run_dependency d join run u on u.id = d.depends_on_id
                         where d.run_id = r.id and u.state = any($2))
       returning id`,
      [frontier, unsuccessfulStates],
    );
    frontier = revived.rows.map(({ id }) => id);
  }
}
