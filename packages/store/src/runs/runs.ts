import {
  assertMove,
  isTerminal,
  isUnsuccessful,
  Problem,
  type Attempt,
  type AttemptState,
  type Author,
  type FailureClass,
  type Limits,
  type Needs,
  type Page,
  type Preempted,
  type PriorityClass,
  type ProblemDocument,
  type Run,
  type RunFacets,
  type RunFilterQuery,
  type RunPatch,
  type RunQuery,
  type RunRole,
  type RunSpec,
  type RunState,
  type TimelineEntry,
  type Work,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { toJson } from "../database/json.ts";
import { settleDependents } from "./dependents.ts";
import type { Attempt as AttemptRow } from "../generated/client.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";
import { findAddressed, type Addressed } from "./addressed.ts";
import { changeRun } from "./change.ts";
import { countFacets } from "./facets.ts";
import { holdRun, releaseRun } from "./hold.ts";
import { listRuns } from "./list.ts";
import { readNominalSeconds } from "./nominal.ts";
import { requeue } from "./requeue.ts";
import { readRun, runColumns, toRun, type RunRow } from "./row.ts";
import { admit, submitRun } from "./submit.ts";
import { readTimeline } from "./timeline.ts";

export interface NewRun {
  /** Default: a new id. */
  id?: string;
  spec: RunSpec;
  /** In addition to the runs whose results the spec uses. */
  dependsOn?: string[];
  /** Among the runs of one user, a higher one starts first; default 0. */
  priority?: number;
  /** Default: normal. */
  class?: PriorityClass;
  needs?: Needs;
  limits?: Limits;
  name?: string;
  tags?: string[];
  notes?: string;
  /** The run that it repeats. */
  clonedFrom?: string;
  /** Runs with the same address have the same result. */
  address?: string;
  /** Takes over the result of a run with the same address, if there is one; default false. */
  reuses?: boolean;
  /** Expected peak of memory on each device, in bytes; default: unknown. */
  predictedBytes?: number;
  /** Default: unknown. */
  work?: Work;
  /** The imported model from which its input was made. Runs of one kind and one such model take about the same time. */
  modelId?: string;
  /** The user who submits it; default: the team's user `default`. */
  userId?: string;
  /** For the record. */
  createdBy?: Author;
  variant?: string;
  role?: RunRole;
}

export interface Runs {
  /**
   * The run is QUEUED when all its dependencies have succeeded, else WAITING. Throws `run/upstream-failed` when one has
   * ended without success.
   */
  submit(input: NewRun & { teamId: string }, tx?: Transaction): Promise<Run>;
  get(teamId: string, runId: string): Promise<Run>;
  /** Newest first, unless the query says otherwise; with `fields`, only these of each run, and its id. */
  list(teamId: string, query?: RunQuery): Promise<Page<Run>>;
  /** How many runs each value of a filter would leave. */
  facets(teamId: string, filter?: RunFilterQuery): Promise<RunFacets>;
  /** Those of the runs that there are, in any order. */
  some(teamId: string, runIds: readonly string[]): Promise<Pick<Run, "id" | "state" | "name">[]>;
  /** Of each of the addresses the run whose result a new one would take over, if there is one. */
  addressed(teamId: string, addresses: readonly string[]): Promise<Map<string, Addressed>>;
  /** In the order of submission. */
  ofExperiment(teamId: string, experimentId: string): Promise<Run[]>;
  attempts(teamId: string, runId: string): Promise<Attempt[]>;
  /** What has happened to it, oldest first. */
  timeline(teamId: string, runId: string): Promise<TimelineEntry[]>;
  /**
   * Cancels a run that is not RUNNING at once, and asks a RUNNING one to stop. Doing it twice changes nothing. Throws
   * `run/illegal-move` for a run that has ended. `by` is for the record.
   */
  cancel(teamId: string, runId: string, by?: Author): Promise<Run>;
  /**
   * Keeps a run that has not started from starting until it is released; it keeps its place in the queue. Doing it twice
   * changes nothing. Throws `run/illegal-move` for a run that is RUNNING or has ended. `by` is for the record.
   */
  hold(teamId: string, runId: string, by: string): Promise<Run>;
  /** Lets a held run start. A run that nobody holds stays as it is. Throws `run/illegal-move` for a run that has ended. */
  release(teamId: string, runId: string, by: string): Promise<Run>;
  /** Throws `run/illegal-move`, naming the field, where the run's state does not allow the change. */
  change(input: { teamId: string; runId: string; change: RunPatch; by: string }): Promise<Run>;
  /** Seconds that a run with this work would take on a nominal host; null where nobody knows. */
  nominalSeconds(teamId: string, work: Work | undefined): Promise<number | null>;
  /** Queues a run again that ended without success, and the runs that were SKIPPED because of it. */
  retry(teamId: string, runId: string): Promise<Run>;
}

export function createRuns({ prisma, query, transaction, within }: Database): Runs {
  const get = (teamId: string, runId: string) => readRun({ query } as Transaction, teamId, runId);
  return {
    submit: (input, tx) => within(tx, (tx) => submitRun(tx, input)),
    get,
    list: (teamId, options = {}) => listRuns({ query }, teamId, options),
    facets: (teamId, filter = {}) => countFacets({ query }, teamId, filter),
    async some(teamId, runIds) {
      const { rows } = await query<Pick<Run, "id" | "state"> & { name: string | null }>(
        "select id, state, name from run where team_id = $1 and id = any($2)",
        [teamId, runIds],
      );
      return rows.map(({ name, ...run }) => ({ ...run, ...present({ name }) }));
    },
    addressed: (teamId, addresses) => findAddressed({ query }, teamId, addresses),
    async ofExperiment(teamId, experimentId) {
      return (await runsOfExperiments({ query } as Transaction, teamId, [experimentId])).map(toRun);
    },
    nominalSeconds: (teamId, work) => readNominalSeconds(query, teamId, work),
    timeline: (teamId, runId) => readTimeline({ query }, teamId, runId),
    async attempts(teamId, runId) {
      const run = await prisma.run.findFirst({
        where: { id: runId, teamId },
        include: {
          attempts: {
            orderBy: { number: "asc" },
            include: { worker: { select: { name: true, host: true } } },
          },
        },
      });
      return found(run, "run", runId).attempts.map(toAttempt);
    },
    cancel: (teamId, runId, by) =>
      transaction(async (tx) => {
        const { state } = await readRun(tx, teamId, runId, true);
        if (isTerminal(state) && state !== "CANCELLED")
          throw new Problem("run/illegal-move", `The run is ${state} already; it cannot be cancelled.`, {
            runId,
          });
        await cancelRuns(tx, [runId], by);
        return readRun(tx, teamId, runId);
      }),
    hold: (teamId, runId, by) => transaction((tx) => holdRun(tx, teamId, runId, by)),
    release: (teamId, runId, by) => transaction((tx) => releaseRun(tx, teamId, runId, by)),
    change: (input) => transaction((tx) => changeRun(tx, input)),
    retry: (teamId, runId) =>
      transaction(async (tx) => {
        const run = await readRun(tx, teamId, runId, true);
        assertMove(run.state, "QUEUED");
        if (!isTerminal(run.state))
          throw new Problem(
            "run/illegal-move",
            `The run is ${run.state}; only one that has ended can be retried.`,
            {
              runId,
            },
          );
        if (run.kind === "import")
          throw new Problem(
            "run/illegal-move",
            "The model of this import is gone; submit it as a model again.",
            { runId },
          );
        await refuseUpstream(tx, run);
        await admit(tx, teamId);
        await requeue(tx, [runId]);
        return readRun(tx, teamId, runId);
      }),
  };
}

async function refuseUpstream(tx: Transaction, { dependsOn }: Run): Promise<void> {
  const { rows } = await tx.query<{ id: string; state: RunState }>(
    "select id, state from run where id = any($1) order by id for share",
    [dependsOn],
  );
  const failed = rows.find(({ state }) => isUnsuccessful(state));
  if (failed)
    throw new Problem("run/upstream-failed", `Run ${failed.id} is ${failed.state}; retry that one first.`, {
      runId: failed.id,
    });
}

/** The runs of experiments, each experiment's in the order of submission. */
export async function runsOfExperiments(
  tx: Transaction,
  teamId: string,
  experimentIds: readonly string[],
): Promise<RunRow[]> {
  const { rows } = await tx.query<RunRow>(
    `select ${runColumns} from run r where r.team_id = $1 and r.experiment_id = any($2)
     order by r.experiment_id, r.position`,
    [teamId, experimentIds],
  );
  return rows;
}

/**
 * Cancels the runs that are not RUNNING, and asks the RUNNING ones to stop. Runs that have ended stay as they are. Of several who
 * ask for the end of a run, the first is recorded.
 */
export async function cancelRuns(tx: Transaction, runIds: readonly string[], by?: Author): Promise<void> {
  const author = by === undefined ? null : toJson(by);
  await tx.query("select 1 from run where id = any($1) order by id for no key update", [runIds]);
  const { rows } = await tx.query<{ id: string }>(
    `update run set state = 'CANCELLED', cancel_requested_at = now(), cancelled_by = $2, ended_at = now(),
       reason = 'Cancelled before it started.'
     where id = any($1) and state in ('WAITING', 'QUEUED', 'DISPATCHED') returning id`,
    [runIds, author],
  );
  await tx.query(
    `update run set cancel_requested_at = now(), cancelled_by = $2
     where id = any($1) and state = 'RUNNING' and cancel_requested_at is null`,
    [runIds, author],
  );
  await settleDependents(
    tx,
    rows.map(({ id }) => id),
  );
}

const toAttempt = (row: AttemptRow & Pick<Attempt, "worker">): Attempt => ({
  runId: row.runId,
  number: row.number,
  state: row.state as AttemptState,
  workerId: row.workerId,
  worker: row.worker,
  startedAt: iso(row.startedAt),
  ...present({
    deviceId: row.deviceId,
    resumedStep: row.resumedStep,
    checkpointStep: row.checkpointStep,
    lostSteps: row.lostSteps,
    problem: row.problem as ProblemDocument | null,
    preempted:
      row.state === "PREEMPTED"
        ? {
            reason: row.preemptReason as Preempted["reason"],
            ...present({ forRunId: row.preemptFor }),
          }
        : null,
    failure: row.failure as FailureClass | null,
    endedAt: isoOrNull(row.endedAt),
  }),
});
