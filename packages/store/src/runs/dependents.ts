import { Problem, unsuccessfulStates } from "@espalier/contract";
import { queueNextOfArrays, takesTurns } from "../arrays/turns.ts";
import type { Transaction } from "../database/database.ts";
import { takeOver } from "./addressed.ts";
import { toJson } from "../database/json.ts";

/**
 * Does what follows from the end of runs, in the transaction that ends them. A WAITING run whose dependencies have all
 * succeeded becomes QUEUED, or SUCCEEDED where it takes over the result of one of them. One with a dependency that has not succeeded becomes SKIPPED, and so do the runs that depend on
 * it. The model of an import that has not succeeded is deleted.
 */
export async function settleDependents(tx: Transaction, ended: readonly string[]): Promise<void> {
  await discardImports(tx, ended);
  await queueNextOfArrays(tx, ended);
  for (let frontier = ended; frontier.length > 0;) {
    // They are locked first, so that of two dependencies that end at the same time, the second one sees both ends.
    const { rows: waiting } = await tx.query<{ id: string }>(
      `select id from run
       where state = 'WAITING' and id in (select run_id from run_dependency where depends_on_id = any($1))
       order by id for update`,
      [frontier],
    );
    if (waiting.length === 0) return;
    const ids = waiting.map(({ id }) => id);
    frontier = [...(await skip(tx, ids)), ...(await takeOver(tx, ids))];
    await tx.query(
      `update run r set state = 'QUEUED', queued_at = now(), reason = null
       where id = any($1) and state = 'WAITING' and not ${takesTurns} and not exists (
         select from run_dependency d join run u on u.id = d.depends_on_id
         where d.run_id = r.id and u.state <> 'SUCCEEDED')`,
      [ids],
    );
    await queueNextOfArrays(tx, ids);
  }
}

async function skip(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string; upstream: string; state: string }>(
    `select distinct on (d.run_id) d.run_id as id, u.id as upstream, u.state
     from run_dependency d join run u on u.id = d.depends_on_id
     where d.run_id = any($1) and u.state = any($2) order by d.run_id, u.id`,
    [ids, unsuccessfulStates],
  );
  for (const { id, upstream, state } of rows) {
    const problem = new Problem(
      "run/upstream-failed",
      `Run ${upstream}, which this one needs, is ${state}.`,
      {
        runId: upstream,
      },
    );
    await tx.query(
      `update run set state = 'SKIPPED', ended_at = now(), problem = $2, reason = $3
       where id = $1 and state = 'WAITING'`,
      [id, toJson(problem.toDocument()), problem.message],
    );
  }
  return rows.map(({ id }) => id);
}

async function discardImports(tx: Transaction, ended: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ model_id: string; artifact_ids: string[] }>(
    `select m.id as model_id, array(select artifact_id from model_file where model_id = m.id) as artifact_ids
     from model m join run r on r.id = m.run_id
     where m.run_id = any($1) and m.state = 'IMPORTING' and r.state = any($2)`,
    [ended, unsuccessfulStates],
  );
  for (const { model_id, artifact_ids } of rows) {
    await tx.query("delete from model where id = $1", [model_id]);
    await tx.query("delete from artifact where id = any($1)", [artifact_ids]);
    await tx.query("update upload set model_id = null where model_id = $1", [model_id]);
  }
}
