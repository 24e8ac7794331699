import {
  normaliseName,
  Problem,
  type Run,
  type RunChange,
  type RunPatch,
  type RunState,
} from "@espalier/contract";
import { notPreempted } from "../attempts/preemption.ts";
import { wallTimeReason } from "../attempts/wall-time.ts";
import type { Transaction } from "../database/database.ts";
import { toJson, toText } from "../database/json.ts";
import { changedEvents, holdRun, lockRuns, releaseRun } from "./hold.ts";
import { readRun } from "./row.ts";

/** States in which each field may change: a run that ended without success may be retried, so its fields still matter. */
const changeable: { readonly [Field in keyof RunChange]-?: readonly RunState[] } = {
  class: ["WAITING", "QUEUED", "DISPATCHED", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"],
  priority: ["WAITING", "QUEUED", "DISPATCHED", "RUNNING", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"],
  limits: ["WAITING", "QUEUED", "DISPATCHED", "RUNNING", "FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"],
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
    const wallSeconds = allowed.limits?.wallSeconds;
    await tx.query(
      `with changed as (
         update run set class = coalesce($3, class), priority = coalesce($4, priority),
           wall_seconds = case when $5 then $6::int else wall_seconds end
         where id = $1 and (class, priority, wall_seconds) is distinct from
           (coalesce($3, class), coalesce($4, priority), case when $5 then $6::int else wall_seconds end)
         returning *
       ), ${changedEvents("set", "$7::jsonb")}`,
      [
        id,
        by,
        allowed.class ?? null,
        allowed.priority ?? null,
        wallSeconds !== undefined,
        wallSeconds ?? null,
        toJson(allowed),
      ],
    );
    // Whoever was to leave because its time was over is asked again if the new limit is over too.
    if (wallSeconds !== undefined)
      await tx.query(`update run set ${notPreempted} where id = $1 and preempt_reason = $2`, [
        id,
        wallTimeReason,
      ]);
  }
}

export async function changeRun(
  tx: Transaction,
  { teamId, runId, change, by }: { teamId: string; runId: string; change: RunPatch; by: string },
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
  await label(tx, runId, change);
  if (change.hold !== undefined) await (change.hold ? holdRun : releaseRun)(tx, teamId, runId, by);
  return readRun(tx, teamId, runId);
}

/** Tags as they are kept: each once. */
export const labelled = (tags: readonly string[] = []): string[] => [...new Set(tags.map(normaliseName))];

/** Names a run and says of it what people do. It changes nothing that others wait for, so that it is no event. */
async function label(tx: Transaction, runId: string, { name, tags, notes }: RunPatch): Promise<void> {
  if (name === undefined && tags === undefined && notes === undefined) return;
  await tx.query(
    `update run set name = case when $2 then $3 else name end, tags = coalesce($4, tags),
       notes = case when $5 then $6 else notes end where id = $1`,
    [
      runId,
      name !== undefined,
      name === undefined || name === null ? null : normaliseName(name),
      tags === undefined ? null : labelled(tags),
      notes !== undefined,
      notes === undefined || notes === null ? null : toText(notes),
    ],
  );
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
