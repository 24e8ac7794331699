import { isTerminal, Problem, type Deletion, type RunState } from "@espalier/contract";
import { changesNothing } from "../audit/acts.ts";
import type { Database, Transaction } from "../database/database.ts";
import { found } from "../database/row.ts";
import { refuseReferred, type Doomed } from "./referrers.ts";

export interface DeletionOptions {
  teamId: string;
  /** For the record of deletions. */
  actor: string;
  /** Delete nothing. Default: false. */
  dryRun?: boolean | undefined;
}

export interface MakerDeletionOptions extends DeletionOptions {
  /** Also the models that the runs made. Default: false, and then such a model keeps its run. */
  models?: boolean | undefined;
}

/**
 * Deletes rows in one transaction, and puts their bytes on the list of what the janitor frees. Throws `resource/in-use` where
 * something else refers to what is to be deleted, `run/illegal-move` for a run that has not ended.
 */
export interface Deletions {
  run(runId: string, options: MakerDeletionOptions): Promise<Deletion>;
  experiment(experimentId: string, options: MakerDeletionOptions): Promise<Deletion>;
  model(modelId: string, options: DeletionOptions): Promise<Deletion>;
  dataset(datasetId: string, options: DeletionOptions): Promise<Deletion>;
  artifact(artifactId: string, options: DeletionOptions): Promise<Deletion>;
}

type Noun = "run" | "experiment" | "model" | "dataset" | "artifact";

const nothing = (): Doomed => ({ runs: [], models: [], datasets: [], artifacts: [], experiments: [] });

export function createDeletions({ transaction }: Database): Deletions {
  /** Finds, with locks, all that goes with a resource; refuses, or deletes it. */
  const remove = (
    noun: Noun,
    id: string,
    { teamId, actor, dryRun = false, models = false }: MakerDeletionOptions,
  ): Promise<Deletion> =>
    transaction(async (tx) => {
      await lock(tx, noun, teamId, [id], id);
      const doomed = nothing();
      doomed[`${noun}s`].push(id);
      if (noun === "experiment")
        doomed.runs = await ids(tx, "select id from run where experiment_id = $1", id);
      await lockEnded(tx, teamId, doomed.runs);
      if (models) {
        doomed.models = await ids(tx, "select id from model where run_id = any($1)", doomed.runs);
        await lock(tx, "model", teamId, doomed.models);
      }
      doomed.artifacts.push(...(await artifactsOf(tx, doomed)));
      await refuseReferred(tx, teamId, doomed);
      const bytes = await bytesOf(tx, doomed);
      if (dryRun) changesNothing();
      else await deleteRows(tx, teamId, actor, doomed);
      const { runs, models: gone, artifacts } = doomed;
      return { id, dryRun, runs: runs.length, models: gone.length, artifacts: artifacts.length, bytes };
    });
  return {
    run: (id, options) => remove("run", id, options),
    experiment: (id, options) => remove("experiment", id, options),
    model: (id, options) => remove("model", id, options),
    dataset: (id, options) => remove("dataset", id, options),
    artifact: (id, options) => remove("artifact", id, options),
  };
}

async function ids(tx: Transaction, sql: string, value: unknown): Promise<string[]> {
  return (await tx.query<{ id: string }>(sql, [value])).rows.map(({ id }) => id);
}

/**
 * Whoever submits or retries a run, or publishes something made from a model, locks what it names. So all that refers to
 * the locked rows is there to be seen, or waits and then finds them gone.
 * @param must throw `resource/not-found` without this one
 */
async function lock(
  tx: Transaction,
  noun: Noun,
  teamId: string,
  wanted: readonly string[],
  must?: string,
): Promise<void> {
  // A run is locked when it is known to have ended: a living one would have to wait for what it writes.
  const { rows } = await tx.query<{ id: string }>(
    `select id from "${noun}" where team_id = $1 and id = any($2) order by id ${noun === "run" ? "" : "for update"}`,
    [teamId, wanted],
  );
  if (must !== undefined) found(rows[0], noun, must);
}

async function lockEnded(tx: Transaction, teamId: string, runs: readonly string[]): Promise<void> {
  if (runs.length === 0) return;
  for (const locking of ["", "for update"]) {
    const { rows } = await tx.query<{ id: string; state: RunState }>(
      `select id, state from run where team_id = $1 and id = any($2) order by id ${locking}`,
      [teamId, runs],
    );
    if (rows.length < runs.length) found(undefined, "run", runs[0]!);
    const living = rows.find(({ state }) => !isTerminal(state));
    if (living)
      throw new Problem(
        "run/illegal-move",
        `Run ${living.id} is ${living.state}; cancel it, and delete it when it has ended.`,
        { runId: living.id },
      );
  }
}

/**
 * The artifacts of runs, of datasets and of models. A file that another model has too stays, and so does one that is in the
 * result of a run that stays: an export, of which the merged model is made.
 */
const artifactsOf = async (tx: Transaction, { runs, models, datasets }: Doomed): Promise<string[]> => {
  const { rows } = await tx.query<{ id: string }>(
    `select a.id from artifact a where a.run_id = any($1)
     union
     select d.artifact_id from dataset d where d.id = any($3)
     union
     select f.artifact_id from model_file f join artifact a on a.id = f.artifact_id left join run r on r.id = a.run_id
     where f.model_id = any($2)
       and not exists (select from model_file o where o.artifact_id = f.artifact_id and o.model_id <> all($2))
       and not exists (select from dataset d where d.artifact_id = f.artifact_id and d.id <> all($3))
       and (r.id is null or r.id = any($1)
         or not coalesce(jsonb_path_exists(r.result, 'strict $.** ? (@ == $id)', jsonb_build_object('id', a.id)), false))`,
    [runs, models, datasets],
  );
  return rows.map(({ id }) => id);
};

async function bytesOf(tx: Transaction, { artifacts, runs }: Doomed): Promise<number> {
  const { rows } = await tx.query<{ bytes: string }>(
    `select (select coalesce(sum(bytes), 0) from artifact where id = any($1)) + (
       select coalesce(sum((checkpoint -> 'stored' ->> 'bytes')::bigint), 0) from attempt where run_id = any($2)) as bytes`,
    [artifacts, runs],
  );
  return Number(rows[0]!.bytes);
}

async function deleteRows(tx: Transaction, teamId: string, actor: string, doomed: Doomed): Promise<void> {
  const { runs, models, datasets, artifacts, experiments } = doomed;
  for (const [table, gone] of [
    ["model", models],
    ["dataset", datasets],
    ["artifact", artifacts],
    ["run", runs],
    ["experiment", experiments],
  ] as const)
    if (gone.length > 0) await tx.query(`delete from "${table}" where id = any($1)`, [gone]);
  await tx.query(
    `insert into deletion (id, team_id, actor) select unnest($1::text[]), $2, $3 on conflict (id) do nothing`,
    [[...experiments, ...runs, ...models, ...datasets, ...artifacts], teamId, actor],
  );
}
