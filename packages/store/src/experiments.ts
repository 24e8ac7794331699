import { newId, type ExperimentSpec, type Page, type PageQuery, type Run } from "@espalier/contract";
import type { Database, Transaction } from "./database.ts";
import type { Experiment as ExperimentRow } from "./generated/client.ts";
import { toJson } from "./json.ts";
import { pageLimit, toPage } from "./page.ts";
import { found, iso } from "./row.ts";
import { toRun } from "./run-row.ts";
import { cancelRuns, runsOfExperiments, type NewRun } from "./runs.ts";
import { submitRun } from "./submit.ts";

/** An experiment as stored; state and report follow from its runs. */
export interface ExperimentRecord {
  id: string;
  name: string;
  spec: ExperimentSpec;
  runs: Run[];
  createdAt: string;
}

export interface Experiments {
  /** The experiment and all its runs, or nothing. Runs come after those that they depend on. */
  submit(
    input: { teamId: string; userId?: string; spec: ExperimentSpec; runs: NewRun[] },
    tx?: Transaction,
  ): Promise<ExperimentRecord>;
  get(teamId: string, experimentId: string): Promise<ExperimentRecord>;
  list(teamId: string, query?: PageQuery): Promise<Page<ExperimentRecord>>;
  /** Cancels every run that is not terminal. */
  cancel(teamId: string, experimentId: string): Promise<ExperimentRecord>;
}

export function createExperiments({ prisma, query, transaction, within }: Database): Experiments {
  const reader = { query } as Transaction;

  async function withRuns(teamId: string, rows: readonly ExperimentRow[]): Promise<ExperimentRecord[]> {
    const runs = await runsOfExperiments(
      reader,
      teamId,
      rows.map(({ id }) => id),
    );
    return rows.map(({ id, name, spec, createdAt }) => ({
      id,
      name,
      spec: spec as ExperimentSpec,
      runs: runs.filter((run) => run.experimentId === id).map(toRun),
      createdAt: iso(createdAt),
    }));
  }

  async function get(teamId: string, experimentId: string): Promise<ExperimentRecord> {
    const row = found(
      await prisma.experiment.findUnique({ where: { id: experimentId, teamId } }),
      "experiment",
      experimentId,
    );
    const [record] = await withRuns(teamId, [row]);
    return record!;
  }

  return {
    submit: ({ spec, runs, ...owner }, tx) =>
      within(tx, async (tx) => {
        const id = newId("experiment");
        const { rows } = await tx.query<{ created_at: Date }>(
          "insert into experiment (id, team_id, name, spec) values ($1, $2, $3, $4) returning created_at",
          [id, owner.teamId, spec.name, toJson(spec)],
        );
        const submitted: Run[] = [];
        for (const [position, run] of runs.entries())
          submitted.push(await submitRun(tx, { ...run, ...owner, experimentId: id, position }));
        return { id, name: spec.name, spec, runs: submitted, createdAt: iso(rows[0]!.created_at) };
      }),
    get,
    async list(teamId, { limit: wanted, cursor } = {}) {
      const limit = pageLimit(wanted);
      const rows = await prisma.experiment.findMany({
        where: { teamId, ...(cursor === undefined ? {} : { id: { lt: cursor } }) },
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
    async cancel(teamId, experimentId) {
      await transaction(async (tx) => {
        const runs = await runsOfExperiments(tx, teamId, [experimentId]);
        await cancelRuns(
          tx,
          runs.map(({ id }) => id),
        );
      });
      return get(teamId, experimentId);
    },
  };
}
