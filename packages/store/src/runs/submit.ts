import {
  defaultPendingRuns,
  dependenciesOf,
  describeChoice,
  engineChoiceOf,
  isUnsuccessful,
  newId,
  normaliseName,
  Problem,
  resolveSpec,
  sharesDevice,
  type Run,
  type RunState,
} from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { toJson, toText } from "../database/json.ts";
import { outOfSpace } from "../teams/space.ts";
import { reusedBy, takeOver } from "./addressed.ts";
import { labelled } from "./change.ts";
import { nominalSeconds, workValues } from "./nominal.ts";
import { readRun } from "./row.ts";
import type { NewRun } from "./runs.ts";

/**
 * Throws `team/too-many-runs` where as many runs of the team wait as its quota allows, and `team/out-of-space` where it stores as
 * much as it may. Nothing is locked for it, so that submissions at the same moment may exceed the quota by their number. A retry
 * counts as a submission.
 */
export async function admit(tx: Transaction, teamId: string): Promise<void> {
  const { rows } = await tx.query<{
    name: string;
    most: number;
    pending: number;
    allowed: number | null;
    stored: number | null;
  }>(
    `select name, most, (select count(*) from (
         select from run where team_id = $1 and state in ('WAITING', 'QUEUED') limit most) r)::int as pending,
       allowed, case when allowed is not null then bytes_of_team($1)::float8 end as stored
     from (select name, coalesce(quota_pending_runs, $2) as most, quota_bytes::float8 as allowed
           from team where id = $1) t`,
    [teamId, defaultPendingRuns],
  );
  const [team] = rows;
  if (team && team.pending >= team.most)
    throw new Problem(
      "team/too-many-runs",
      `Team ${team.name} has ${team.pending} runs that have not started, and may have ${team.most}; submit again when some have, cancel some, or let an operator raise its quota.`,
    );
  if (team && team.allowed !== null && team.stored !== null && team.stored >= team.allowed)
    throw await outOfSpace(tx, teamId, { ...team, allowed: team.allowed, stored: team.stored });
}

/** Inserts a run with its dependencies, in the state that follows from theirs. */
export async function submitRun(
  tx: Transaction,
  input: NewRun & {
    teamId: string;
    experimentId?: string;
    position?: number;
    /** Its array may let only some of its runs be queued at a time: they all wait first. */
    array?: { id: string; index: number };
  },
): Promise<Run> {
  const { teamId, spec, id = newId("run"), priority = 0, position = 0, needs = {} } = input;
  const { class: priorityClass = "normal", shares = sharesDevice(spec.kind) } = { ...input, ...needs };
  const reused = await reusedBy(tx, input);
  const dependsOn = [
    ...new Set([...dependenciesOf(spec), ...(input.dependsOn ?? []), ...(reused ? [reused.id] : [])]),
  ];
  await admit(tx, teamId);
  const state =
    (await firstState(tx, teamId, dependsOn)) === "QUEUED" &&
    reused === undefined &&
    !(await takesTurnsIn(tx, input.array?.id))
      ? "QUEUED"
      : "WAITING";
  await tx.query(
    `insert into run (id, team_id, kind, state, spec, resolved, priority, experiment_id, variant, role, position, class, needs, shares,
       predicted_bytes, model_id, user_id, wall_seconds, array_id, array_index, created_by, name, tags, notes, cloned_from, queued_at,
       predicted_seconds, computes_on, address, reused_from)
     values ($1, $2, $3, $4::text, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
       coalesce($17, (select u.id from team_user u where u.team_id = $2 and u.name = 'default')), $18, $19, $20, $21, $22, $23, $24, $25,
       case when $4::text = 'QUEUED' then now() end, ${nominalSeconds(26, "$2")}, $31, $32, $33)`,
    [
      id,
      teamId,
      spec.kind,
      state,
      toJson(spec),
      toJson(resolveSpec(spec)),
      priority,
      input.experimentId,
      input.variant,
      input.role,
      position,
      priorityClass,
      toJson(needs),
      shares,
      input.predictedBytes,
      input.modelId,
      input.userId,
      input.limits?.wallSeconds,
      input.array?.id,
      input.array?.index,
      input.createdBy === undefined ? null : toJson(input.createdBy),
      input.name === undefined ? null : normaliseName(input.name),
      labelled(input.tags),
      input.notes === undefined ? null : toText(input.notes),
      input.clonedFrom,
      ...workValues(input.work),
      describeChoice(engineChoiceOf(spec)) ?? null,
      input.address,
      reused?.id,
    ],
  );
  if (dependsOn.length > 0)
    await tx.query("insert into run_dependency (run_id, depends_on_id) select $1, unnest($2::text[])", [
      id,
      dependsOn,
    ]);
  if (reused?.state === "SUCCEEDED") await takeOver(tx, [id]);
  return readRun(tx, teamId, id);
}

async function takesTurnsIn(tx: Transaction, arrayId: string | undefined): Promise<boolean> {
  if (arrayId === undefined) return false;
  const { rowCount } = await tx.query("select from run_array where id = $1 and at_once is not null", [
    arrayId,
  ]);
  return rowCount !== 0;
}

/** Locks the dependencies, so that none can end before the new run is there: the end of a run looks for its dependents. */
async function firstState(
  tx: Transaction,
  teamId: string,
  dependsOn: readonly string[],
): Promise<"QUEUED" | "WAITING"> {
  if (dependsOn.length === 0) return "QUEUED";
  const { rows } = await tx.query<{ id: string; state: RunState }>(
    "select id, state from run where team_id = $1 and id = any($2) order by id for share",
    [teamId, dependsOn],
  );
  for (const id of dependsOn) {
    const state = rows.find((row) => row.id === id)?.state;
    if (state === undefined)
      throw new Problem("resource/not-found", `There is no run ${id} to depend on.`, { runId: id });
    if (isUnsuccessful(state))
      throw new Problem(
        "run/upstream-failed",
        `Run ${id} is ${state}; retry it first, or depend on another.`,
        { runId: id },
      );
  }
  return rows.every(({ state }) => state === "SUCCEEDED") ? "QUEUED" : "WAITING";
}
