import {
  isUnsuccessful,
  newId,
  Problem,
  unsuccessfulStates,
  type Author,
  type ExperimentSpec,
  type MadeByQuery,
  type Page,
  type Run,
  type RunChange,
  type RunState,
} from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import type { Experiment as ExperimentRow } from "../generated/client.ts";
import { toJson } from "../database/json.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { changeRuns, lockedStates } from "../runs/change.ts";
import { holdRuns, releaseRuns } from "../runs/hold.ts";
import { requeue } from "../runs/requeue.ts";
import { found, iso, madeBy, present } from "../database/row.ts";
import { toRun } from "../runs/row.ts";
import { cancelRuns, runsOfExperiments, type NewRun } from "../runs/runs.ts";
import { admit, submitRun } from "../runs/submit.ts";

/** An experiment as it is stored. Its state and its report are computed from its runs. */
export interface ExperimentRecord {
  id: string;
  name: string;
  spec: ExperimentSpec;
  runs: Run[];
  createdAt: string;
  createdBy?: Author;
}

export interface Experiments {
  /** Writes the experiment and all its runs, or nothing. In `runs`, each run comes after those that it depends on. */
  submit(
    input: { teamId: string; userId?: string; createdBy?: Author; spec: ExperimentSpec; runs: NewRun[] },
    tx?: Transaction,
  ): Promise<ExperimentRecord>;
  get(teamId: string, experimentId: string): Promise<ExperimentRecord>;
  list(teamId: string, query?: MadeByQuery): Promise<Page<ExperimentRecord>>;
  /** Cancels every run that is not terminal; `by` is for the record. */
  cancel(teamId: string, experimentId: string, by?: Author): Promise<ExperimentRecord>;
  /** Holds every run that has not started. */
  hold(teamId: string, experimentId: string, by: string): Promise<ExperimentRecord>;
  /** Releases every run that is held. */
  release(teamId: string, experimentId: string, by: string): Promise<ExperimentRecord>;
  /** Changes every run as far as its state allows it; `by` is for the record. */
  change(input: {
    teamId: string;
    experimentId: string;
    change: RunChange;
    by: string;
  }): Promise<ExperimentRecord>;
  /** Queues every run again that ended without success or was skipped because of one. Runs that have succeeded stay. */
  retry(teamId: string, experimentId: string): Promise<ExperimentRecord>;
}

/** Locks the runs and those that they depend on, so that none of them ends while it is decided what to retry. */
const lockWithDependencies = (tx: Transaction, ids: readonly string[]) =>
  tx.query(
    `select id from run where id = any($1)
       or id in (select depends_on_id from run_dependency where run_id = any($1)) order by id for no key update`,
    [ids],
  );

/** Throws where a run depends on a run outside that has not succeeded: that one has to be retried first. */
async function refuseOutside(tx: Transaction, ids: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ id: string; state: RunState }>(
    `select u.id, u.state from run_dependency d join run r on r.id = d.run_id join run u on u.id = d.depends_on_id
     where r.id = any($1) and r.state = any($2) and u.id <> all($1) and u.state = any($2) limit 1`,
    [ids, unsuccessfulStates],
  );
  const [outside] = rows;
  if (outside)
    throw new Problem(
      "run/upstream-failed",
      `Run ${outside.id} of another submission is ${outside.state}; retry that one first.`,
      { runId: outside.id },
    );
}

export function createExperiments({ prisma, query, transaction, within }: Database): Experiments {
  const reader = { query } as Transaction;

  async function withRuns(teamId: string, rows: readonly ExperimentRow[]): Promise<ExperimentRecord[]> {
    const runs = await runsOfExperiments(
      reader,
      teamId,
      rows.map(({ id }) => id),
    );
    const ofExperiment = new Map(rows.map(({ id }) => [id, [] as Run[]]));
    for (const run of runs) ofExperiment.get(run.experimentId!)!.push(toRun(run));
    return rows.map(({ id, name, spec, createdAt, createdBy }) => ({
      id,
      name,
      spec: spec as ExperimentSpec,
      runs: ofExperiment.get(id)!,
      createdAt: iso(createdAt),
      ...present({ createdBy: createdBy as Author | null }),
    }));
  }

  async function get(teamId: string, experimentId: string): Promise<ExperimentRecord> {
    const row = found(
      await prisma.experiment.findFirst({ where: { id: experimentId, teamId } }),
      "experiment",
      experimentId,
    );
    const [record] = await withRuns(teamId, [row]);
    return record!;
  }

  async function find(tx: Transaction, teamId: string, experimentId: string): Promise<void> {
    const { rows } = await tx.query("select 1 from experiment where team_id = $1 and id = $2", [
      teamId,
      experimentId,
    ]);
    found(rows[0], "experiment", experimentId);
  }

  /** Does something to all runs of an experiment, in one transaction. */
  async function withAll(
    teamId: string,
    experimentId: string,
    work: (tx: Transaction, runIds: string[]) => Promise<unknown>,
  ): Promise<ExperimentRecord> {
    await transaction(async (tx) => {
      await find(tx, teamId, experimentId);
      const runs = await runsOfExperiments(tx, teamId, [experimentId]);
      await work(
        tx,
        runs.map(({ id }) => id),
      );
    });
    return get(teamId, experimentId);
  }

  return {
    submit: ({ spec, runs, ...owner }, tx) =>
      within(tx, async (tx) => {
        const id = newId("experiment");
        const { createdBy } = owner;
        const { rows } = await tx.query<{ created_at: Date }>(
          "insert into experiment (id, team_id, name, spec, created_by) values ($1, $2, $3, $4, $5) returning created_at",
          [id, owner.teamId, spec.name, toJson(spec), createdBy === undefined ? null : toJson(createdBy)],
        );
        const submitted: Run[] = [];
        for (const [position, run] of runs.entries())
          submitted.push(await submitRun(tx, { ...run, ...owner, experimentId: id, position }));
        return {
          id,
          name: spec.name,
          spec,
          runs: submitted,
          createdAt: iso(rows[0]!.created_at),
          ...present({ createdBy }),
        };
      }),
    get,
    async list(teamId, { limit: wanted, cursor, createdBy } = {}) {
      const limit = pageLimit(wanted);
      const [before] = byId.read(cursor);
      const rows = await prisma.experiment.findMany({
        where: {
          teamId,
          ...(before === undefined ? {} : { id: { lt: before } }),
          ...madeBy(createdBy),
        },
        orderBy: { id: "desc" },
        take: limit + 1,
      });
      const { items, ...rest } = toPage(
        rows,
        limit,
        (row) => row,
        ({ id }) => id,
      );
      return { items: await withRuns(teamId, items), ...rest };
    },
    cancel: (teamId, experimentId, by) => withAll(teamId, experimentId, (tx, ids) => cancelRuns(tx, ids, by)),
    hold: (teamId, experimentId, by) => withAll(teamId, experimentId, (tx, ids) => holdRuns(tx, ids, by)),
    release: (teamId, experimentId, by) =>
      withAll(teamId, experimentId, (tx, ids) => releaseRuns(tx, ids, by)),
    change: ({ teamId, experimentId, change, by }) =>
      withAll(teamId, experimentId, async (tx, ids) =>
        changeRuns(tx, await lockedStates(tx, ids), change, by),
      ),
    async retry(teamId, experimentId) {
      await transaction(async (tx) => {
        await find(tx, teamId, experimentId);
        const ids = (await runsOfExperiments(tx, teamId, [experimentId])).map(({ id }) => id);
        await lockWithDependencies(tx, ids);
        const runs = await runsOfExperiments(tx, teamId, [experimentId]);
        const leaving = runs.find(({ state, cancelRequestedAt }) => state === "RUNNING" && cancelRequestedAt);
        if (leaving)
          throw new Problem(
            "run/illegal-move",
            `Run ${leaving.id} is still being cancelled; retry when it has ended.`,
            { runId: leaving.id },
          );
        if (runs.length > 0 && !runs.some(({ state }) => isUnsuccessful(state)))
          throw new Problem(
            "run/illegal-move",
            "No run of this experiment has failed, so there is nothing to retry.",
          );
        await refuseOutside(tx, ids);
        await admit(tx, teamId);
        await requeue(tx, ids);
      });
      return get(teamId, experimentId);
    },
  };
}
