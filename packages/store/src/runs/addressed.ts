import { isTerminal, type RunState } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import type { NewRun } from "./runs.ts";
import { requeue } from "./requeue.ts";

/** A run that has the result which another one asks for, or will have it. */
export interface Addressed {
  id: string;
  state: RunState;
}

/**
 * Of each address the run to reuse: one that has succeeded and still has what it made, else one that is under way, else one that failed and
 * can go on from its last checkpoint because all that it needs is there. One that only took a result over is none.
 */
export async function findAddressed(
  { query }: Pick<Database, "query">,
  teamId: string,
  addresses: readonly string[],
): Promise<Map<string, Addressed>> {
  const { rows } = await query<Addressed & { address: string }>(
    `select distinct on (r.address) r.address, r.id, r.state from run r
     where r.team_id = $1 and r.address = any($2) and r.reused_from is null and r.cancel_requested_at is null and (
       r.state in ('WAITING', 'QUEUED', 'DISPATCHED', 'RUNNING')
       or r.state = 'SUCCEEDED' and exists (select from artifact a where a.run_id = r.id) and (r.result ->> 'modelId' is null
         or exists (select from model m where m.id = r.result ->> 'modelId' and m.state = 'READY'))
       or r.state in ('FAILED', 'QUARANTINED') and not exists (select from run_dependency d join run u on u.id = d.depends_on_id
         where d.run_id = r.id and u.state <> 'SUCCEEDED'))
     order by r.address, r.state = 'SUCCEEDED' desc, r.state in ('FAILED', 'QUARANTINED'), r.id desc`,
    [teamId, addresses],
  );
  return new Map(rows.map(({ address, ...run }) => [address, run]));
}

/** The run whose result a new one takes over; one that failed is queued again for it. It stays as it is until the transaction ends. */
export async function reusedBy(
  tx: Transaction,
  { teamId, address, reuses = false }: NewRun & { teamId: string },
): Promise<Addressed | undefined> {
  if (address === undefined || !reuses) return undefined;
  const found = (await findAddressed(tx, teamId, [address])).get(address);
  if (found === undefined) return undefined;
  // Its end looks for its dependents, so it is locked before it gets another.
  const { rows } = await tx.query<Addressed>("select id, state from run where id = $1 for no key update", [
    found.id,
  ]);
  const [locked] = rows;
  if (locked === undefined || locked.state !== found.state) return undefined;
  if (!isTerminal(locked.state) || locked.state === "SUCCEEDED") return locked;
  await requeue(tx, [locked.id]);
  return { ...locked, state: "QUEUED" };
}

/** Ends those of the runs with the results that they take over, whose runs have succeeded; returns which. */
export async function takeOver(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `update run r set state = 'SUCCEEDED', result = o.result, reason = 'It took over the result of run ' || o.id || '.',
       ended_at = now(), model_id = coalesce(r.model_id, o.model_id)
     from run o where r.id = any($1) and r.state = 'WAITING' and o.id = r.reused_from and o.state = 'SUCCEEDED' returning r.id`,
    [ids],
  );
  return rows.map(({ id }) => id);
}
