import { Problem, type Run, type RunChange, type RunState } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { changedEvents, lockRuns } from "./hold.ts";
import { readRun } from "./row.ts";

/** States in which each field may change: a run that ended without success may be retried, so its fields still matter. */
const changeable: { readonly [Field in keyof RunChange]-?: readonly RunState[] } = {
  class: ["WAITING", "QUEUED", "DISPATCHED", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"],
  priority: ["WAITING", "QUEUED", "DISPATCHED", "RUNNING", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"],
};

const fields = Object.keys(changeable) as (keyof RunChange)[];

/** What stays of a change for a run in some state. */
const allowedIn = (state: RunState, change: RunChange): RunChange =>
  Object.fromEntries(
    fields.flatMap((field) => (changeable[field].includes(state) ? [[field, change[field]]] : [])),
  );

/** Changes runs as far as their states allow it. What is so already is no change, and no event. */
export async function changeRuns(
  tx: Transaction,
  runs: readonly Pick<Run, "id" | "state">[],
  change: RunChange,
  by: string,
): Promise<void> {
  for (const { id, state } of runs) {
    const allowed = allowedIn(state, change);
    await tx.query(
      `with changed as (
         update run set class = coalesce($3, class), priority = coalesce($4, priority)
         where id = $1 and (class, priority) is distinct from (coalesce($3, class), coalesce($4, priority)) returning *
       ), ${changedEvents("set", "jsonb_build_object('class', $3::text, 'priority', $4::int)")}`,
      [id, by, allowed.class ?? null, allowed.priority ?? null],
    );
  }
}

export async function changeRun(
  tx: Transaction,
  { teamId, runId, change, by }: { teamId: string; runId: string; change: RunChange; by: string },
): Promise<Run> {
  const run = await readRun(tx, teamId, runId, true);
  const refused = fields.find(
    (field) => change[field] !== undefined && !changeable[field].includes(run.state),
  );
  if (refused !== undefined)
    throw new Problem(
      "run/illegal-move",
      run.state === "RUNNING"
        ? `The run is RUNNING and is charged by its ${refused}, which changes only before a run starts. Clone it with another one instead.`
        : `The run is ${run.state}; its ${refused} does not matter any more.`,
      { runId, field: `/${refused}` },
    );
  await changeRuns(tx, [run], change, by);
  return readRun(tx, teamId, runId);
}

/** Locks runs and reads their states. */
export async function lockedStates(
  tx: Transaction,
  runIds: readonly string[],
): Promise<Pick<Run, "id" | "state">[]> {
  await lockRuns(tx, runIds);
  const { rows } = await tx.query<Pick<Run, "id" | "state">>("select id, state from run where id = any($1)", [
    runIds,
  ]);
  return rows;
}
