import { createHash } from "node:crypto";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isProblem, isTerminal, newId, type ModelRef, type RunSpec } from "@espalier/contract";
import { locations, type Claim, type NewArtifact } from "@espalier/store";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());
beforeEach(async () => {
  for (const table of ["model", "dataset", "run", "artifact", "experiment", "schedule", "deletion"])
    await store.sql(`delete from ${table}`);
  await sweepAll();
});

/** Stores bytes as the service does, but waits for no disk. */
async function put(location: string, content: string) {
  const path = join(store.bytesRoot, location);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { location, bytes: content.length, sha256 };
}

async function sweepAll(): Promise<void> {
  await store.collector.sweep();
}

async function filesOnDisk(): Promise<string[]> {
  const entries = await readdir(store.bytesRoot, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const owner = () => ({ teamId: store.teamId, actor: "the test" });
const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => {
      if (isProblem(error)) return error.code;
      throw error;
    },
  );

async function addDataset(): Promise<string> {
  const id = newId("dataset");
  const stored = await put(locations.dataset(id, "rows.jsonl"), "{}\n");
  await store.datasets.register({ id, teamId: store.teamId, name: id, kind: "sts", rows: 1, stored });
  return id;
}

const architecture = {
  type: "llama",
  layers: 2,
  hiddenSize: 4,
  vocabularySize: 8,
  parameters: 64,
  dtype: "F32",
};

async function artifactOf({ lease }: Claim, name: string, kind: NewArtifact["kind"]): Promise<NewArtifact> {
  const stored = await put(locations.attempt(lease.runId, lease.attempt, name), name.repeat(9));
  return { id: newId("artifact"), kind, name, stored };
}

/** A model without a run that made it, as an old import whose run was deleted. */
async function addModel(): Promise<string> {
  const [id, artifact] = [newId("model"), newId("artifact")];
  const stored = await put(`uploads/${newId("upload")}/${id.slice(-8)}/w`, id);
  await store.sql(
    `insert into artifact (id, team_id, kind, name, bytes, sha256, location) values ($1, $2, 'model-file', 'w', $3, $4, $5)`,
    [artifact, store.teamId, stored.bytes, stored.sha256, stored.location],
  );
  await store.sql(
    "insert into model (id, team_id, name, state, architecture) values ($1, $2, $1, 'READY', $3)",
    [id, store.teamId, JSON.stringify(architecture)],
  );
  await store.sql("insert into model_file values ($1, 'w', $2)", [id, artifact]);
  return id;
}

/** Ends a claimed run as the worker does: a derived model with a file of its own and those of its base, or an export. */
async function succeed(claim: Claim, baseModelId: string): Promise<void> {
  const { lease, run } = claim;
  const manifest = await artifactOf(claim, "manifest.json", "manifest");
  if (run.kind === "evaluate")
    return store.leases.succeed(lease, { result: { kind: "evaluate" } as never, artifacts: [manifest] });
  const own = await artifactOf(claim, "weights", run.kind === "export" ? "export-file" : "model-file");
  const base =
    run.kind === "train"
      ? await store.sql<{ name: string; artifactId: string }>(
          `select name, artifact_id as "artifactId" from model_file where model_id = $1 and name <> 'weights'`,
          [baseModelId],
        )
      : [];
  const files = [...base, { name: "weights", artifactId: own.id }];
  const model = { id: newId("model"), name: "made", architecture, baseModelId, files };
  const result = {
    modelId: model.id,
    ...(run.kind === "export" ? { exports: [{ files: [{ artifactId: own.id }] }] } : {}),
  };
  await store.leases.succeed(lease, { result, artifacts: [manifest, own], model });
}

/** What must always hold, read from the database and the disk by statements of its own. */
async function check(): Promise<void> {
  const models = new Set((await store.sql<{ id: string }>("select id from model")).map(({ id }) => id));
  const datasets = new Set((await store.sql<{ id: string }>("select id from dataset")).map(({ id }) => id));
  const runs = await store.sql<{
    id: string;
    state: string;
    spec: RunSpec;
    result: { modelId?: string } | null;
  }>("select id, state, spec, result from run");
  const byId = new Map(runs.map((run) => [run.id, run]));
  for (const { id, state, spec } of runs) {
    if (isTerminal(state as never)) continue;
    for (const [named] of JSON.stringify(spec).matchAll(/(mdl|dst|run)_\w+/g)) {
      expect(
        models.has(named) || datasets.has(named) || byId.has(named),
        `${id} (${state}) uses ${named}`,
      ).toBe(true);
      const made = byId.get(named)?.result?.modelId;
      if (made !== undefined) expect(models.has(made), `${id} uses ${made} of ${named}`).toBe(true);
    }
  }
  const orphans = await store.sql("select id from model where name = 'made' and run_id is null");
  expect(orphans).toEqual([]);
  for (const { location, bytes } of await store.sql<{ location: string; bytes: string }>(
    "select location, bytes from artifact",
  ))
    expect((await stat(join(store.bytesRoot, location))).size).toBe(Number(bytes));
}

/** Deletes all that can be, again and again, until nothing is left. */
async function deleteAll(): Promise<void> {
  for (const { id } of await store.sql<{ id: string }>("select id from run where ended_at is null"))
    await code(store.runs.cancel(store.teamId, id));
  for (const { id, attempt, lease_owner } of await store.sql<{
    id: string;
    attempt: number;
    lease_owner: string;
  }>("select id, attempt, lease_owner from run where ended_at is null"))
    await store.leases.cancelled({ runId: id, attempt, workerId: lease_owner });
  for (let before = Infinity; ;) {
    const left = await store.sql<{ noun: "run" | "model" | "dataset"; id: string }>(
      "select 'model' as noun, id from model union all select 'dataset', id from dataset union all select 'run', id from run",
    );
    if (left.length === 0) return;
    expect(left.length, `nothing of ${JSON.stringify(left)} can be deleted`).toBeLessThan(before);
    before = left.length;
    for (const { noun, id } of left) await code(store.deletions[noun](id, owner()));
  }
}

type Step =
  | { do: "model" | "dataset" | "start" | "succeed" | "fail" | "retry" | "sweep" }
  | {
      do: "submit";
      kind: "prune" | "train" | "evaluate" | "export";
      model: number;
      dataset: number;
      byRun: boolean;
    }
  | {
      do: "delete";
      noun: "run" | "model" | "dataset" | "artifact";
      which: number;
      models: boolean;
      racing: boolean;
    };

const number = fc.nat({ max: 1000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom("model", "dataset").map((what): Step => ({ do: what as "model" })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      kind: fc.constantFrom("prune" as const, "train" as const, "evaluate" as const, "export" as const),
      model: number,
      dataset: number,
      byRun: fc.boolean(),
    }),
  },
  {
    weight: 9,
    arbitrary: fc
      .constantFrom("start", "succeed", "succeed", "fail", "retry", "sweep")
      .map((what): Step => ({ do: what as "start" })),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("delete" as const),
      noun: fc.constantFrom("run" as const, "model" as const, "dataset" as const, "artifact" as const),
      which: number,
      models: fc.boolean(),
      racing: fc.boolean(),
    }),
  },
);

const refusals = ["done", "resource/in-use", "resource/not-found", "run/illegal-move", "run/upstream-failed"];

describe("deletions", () => {
  it("never take what something living refers to, over random lineages, and leave no byte behind at the end", async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        let running: Claim | undefined;
        const pick = async (table: string, which: number, where = "true") => {
          const rows = await store.sql<{ id: string }>(`select id from ${table} where ${where} order by id`);
          return rows[which % Math.max(1, rows.length)]?.id;
        };
        const submit = async ({ kind, model, dataset, byRun }: Step & { do: "submit" }) => {
          const maker = byRun ? await pick("run", model, "kind in ('prune', 'train')") : undefined;
          const modelId = await pick("model", model);
          const datasetId = await pick("dataset", dataset);
          const ref: ModelRef | undefined = maker === undefined ? modelId : { run: maker };
          if (ref === undefined || datasetId === undefined) return;
          const spec: Record<typeof kind, RunSpec> = {
            prune: { kind: "prune", model: ref, layers: 1 },
            train: { kind: "train", model: ref, datasetId },
            evaluate: { kind: "evaluate", model: ref, datasetIds: [datasetId] },
            export: { kind: "export", model: ref },
          };
          await store.runs.submit({ teamId: store.teamId, spec: spec[kind] });
        };
        await addModel();
        await addDataset();
        for (const each of steps) {
          if (each.do === "model") await addModel();
          if (each.do === "dataset") await addDataset();
          if (each.do === "submit") expect(refusals).toContain(await code(submit(each)));
          if (each.do === "start" && running === undefined) {
            const id = await pick("run", 0, "state = 'QUEUED'");
            if (id !== undefined) running = await store.claimed(id);
          }
          if (each.do === "succeed" && running !== undefined) {
            const { model } = running.run.spec as { model: ModelRef };
            const base =
              typeof model === "string"
                ? model
                : ((await store.runs.get(store.teamId, model.run)).result as { modelId: string }).modelId;
            await succeed(running, base);
            running = undefined;
          }
          if (each.do === "fail" && running !== undefined) {
            await artifactOf(running, "left", "manifest");
            await store.leases.fail(running.lease, problemOf("dataset/malformed"));
            running = undefined;
          }
          if (each.do === "retry") {
            const id = await pick("run", 0, "state = 'FAILED'");
            if (id !== undefined) expect(refusals).toContain(await code(store.runs.retry(store.teamId, id)));
          }
          if (each.do === "sweep") await sweepAll();
          if (each.do === "delete") {
            const id = await pick(each.noun, each.which);
            if (id === undefined) continue;
            const { models } = each;
            const work = [
              code(store.deletions[each.noun](id, { ...owner(), models: each.noun === "run" && models })),
            ];
            if (each.racing)
              for (let i = 0; i < 3; i++)
                work.push(
                  code(
                    submit({
                      do: "submit",
                      kind: "train",
                      model: each.which,
                      dataset: each.which,
                      byRun: models,
                    }),
                  ),
                );
            const [outcome = ""] = await Promise.all(work);
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
            for (const answer of await Promise.all(work)) expect(refusals).toContain(answer);
          }
          await check();
        }
        await deleteAll();
        await sweepAll();
        expect(await filesOnDisk()).toEqual([]);
      }),
      { numRuns: 5, endOnFailure: true },
    );
    // Both must have happened, or nothing was tried.
    expect(outcomes.get("done")).toBeGreaterThan(0);
    expect(outcomes.get("resource/in-use")).toBeGreaterThan(0);
  });

  it("name what still refers to a model, and take it with the run that made it when that is asked", async () => {
    const base = await addModel();
    const run = await store.submit([], { spec: { kind: "prune", model: base, layers: 1 } });
    await expect(store.deletions.model(base, owner())).rejects.toMatchObject({
      code: "resource/in-use",
      facts: { referrers: [{ id: run.id, why: `is QUEUED and uses ${base}` }] },
    });
    await expect(store.deletions.run(run.id, owner())).rejects.toMatchObject({ code: "run/illegal-move" });
    await succeed(await store.claimed(run.id), base);
    const { result } = await store.runs.get(store.teamId, run.id);
    const { modelId } = result as { modelId: string };
    await expect(store.deletions.model(base, owner())).rejects.toThrow(/made was made from model/);
    await expect(store.deletions.run(run.id, owner())).rejects.toThrow(/made was made by run/);
    const dry = await store.deletions.run(run.id, { ...owner(), models: true, dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, runs: 1, models: 1, artifacts: 2 });
    expect(dry.bytes).toBe("weights".length * 9 + "manifest.json".length * 9);
    expect(await store.deletions.run(run.id, { ...owner(), models: true })).toEqual({
      ...dry,
      dryRun: false,
    });
    await expect(store.models.get(store.teamId, modelId)).rejects.toMatchObject({
      code: "resource/not-found",
    });
    expect(await code(store.deletions.model(base, owner()))).toBe("done");
  });

  it("find nothing of another team", async () => {
    const other = await store.teams.ensure("another");
    const ids = {
      model: await addModel(),
      dataset: await addDataset(),
      run: (await store.submit()).id,
      artifact: (await store.sql<{ id: string }>("select id from artifact limit 1"))[0].id,
    };
    for (const noun of ["model", "dataset", "run", "artifact"] as const)
      expect(await code(store.deletions[noun](ids[noun], { teamId: other.id, actor: "x" }))).toBe(
        "resource/not-found",
      );
    expect(await store.sql("select id from deletion")).toEqual([]);
  });

  it("let no run start again whose input is gone, and say since when", async () => {
    const base = await addModel();
    const { id } = await store.submit([], { spec: { kind: "prune", model: base, layers: 1 } });
    await store.runs.cancel(store.teamId, id);
    await store.deletions.model(base, owner());
    await expect(store.runs.retry(store.teamId, id)).rejects.toThrow(
      new RegExp(`${base} was deleted at \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC; name another`),
    );
    expect((await store.runs.get(store.teamId, id)).state).toBe("CANCELLED");
  });

  it("try again what could not be removed, and forget it only when it is gone", async () => {
    const dataset = await addDataset();
    await store.deletions.dataset(dataset, owner());
    const before = await store.sql("select location from discarded_object");
    expect(before).toEqual([{ location: `datasets/${dataset}/rows.jsonl` }]);
    expect(await filesOnDisk()).toHaveLength(1);
    await sweepAll();
    expect(await filesOnDisk()).toEqual([]);
    expect(await store.sql("select location from discarded_object")).toEqual([]);
  });
});
