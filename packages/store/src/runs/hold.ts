import { isTerminal, Problem, type Run } from "@espalier/contract";
import type { Transaction } from "../database/database.ts";
import { channel } from "../events/events.ts";
import { readRun } from "./row.ts";

/** SQL that writes the events of the runs of `changed`, and wakes the scheduler; $2 is who did it. */
export const changedEvents = (action: "hold" | "release" | "set", change = "null::jsonb"): string => `
  events as (
    insert into event (team_id, run_id, body) select team_id, id, jsonb_strip_nulls(jsonb_build_object('type', 'run.changed',
      'runId', id, 'experimentId', experiment_id, 'action', '${action}', 'by', $2::text, 'change', ${change})) from changed
  )
  select id, pg_notify('${channel}', team_id || ' ' || id || ' state') from changed`;

/** Locks runs in the order of their ids, as every statement does that changes several. */
export const lockRuns = (tx: Transaction, runIds: readonly string[]): Promise<unknown> =>
  tx.query("select 1 from run where id = any($1) order by id for no key update", [runIds]);

/**
 * Holds those of the runs that have not started; a run that has its devices, but has not been claimed, gives them back.
 * Runs that are held already, are RUNNING or have ended stay as they are. `queued_at` stays, and with it the run's place.
 */
export async function holdRuns(tx: Transaction, runIds: readonly string[], by: string): Promise<void> {
  await lockRuns(tx, runIds);
  await tx.query(
    `with changed as (
       update run set held_at = now(), held_by = $2,
         state = case state when 'DISPATCHED' then 'QUEUED' else state end,
         reason = case state when 'DISPATCHED' then 'Held before it started.' else reason end
       where id = any($1) and state in ('WAITING', 'QUEUED', 'DISPATCHED') and held_at is null returning *
     ), ${changedEvents("hold")}`,
    [runIds, by],
  );
}

/** Releases those of the runs that are held and have not ended. */
export async function releaseRuns(tx: Transaction, runIds: readonly string[], by: string): Promise<void> {
  await lockRuns(tx, runIds);
  await tx.query(
    `with changed as (
       update run set held_at = null, held_by = null
       where id = any($1) and state in ('WAITING', 'QUEUED') and held_at is not null returning *
     ), ${changedEvents("release")}`,
    [runIds, by],
  );
}

export async function holdRun(tx: Transaction, teamId: string, runId: string, by: string): Promise<Run> {
  const { state } = await readRun(tx, teamId, runId, true);
  if (state === "RUNNING" || isTerminal(state))
    throw new Problem(
      "run/illegal-move",
      state === "RUNNING"
        ? "The run is RUNNING; only one that has not started can be held. To stop it, cancel it: a retry goes on from its last checkpoint."
        : `The run is ${state}; only one that has not started can be held.`,
      { runId },
    );
  await holdRuns(tx, [runId], by);
  return readRun(tx, teamId, runId);
}

export async function releaseRun(tx: Transaction, teamId: string, runId: string, by: string): Promise<Run> {
  const { state } = await readRun(tx, teamId, runId, true);
  if (isTerminal(state))
    throw new Problem("run/illegal-move", `The run is ${state}; nothing holds it. Retry it instead.`, {
      runId,
    });
  await releaseRuns(tx, [runId], by);
  return readRun(tx, teamId, runId);
}
