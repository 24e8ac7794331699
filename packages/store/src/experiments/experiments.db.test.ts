import { newId, type ExperimentSpec } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";
import type { NewRun } from "../runs/runs.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const spec: ExperimentSpec = {
  name: "trial",
  modelId: newId("model"),
  triplets: newId("dataset"),
  evaluation: [newId("dataset")],
};

function planned(): NewRun[] {
  const [search, prune, train] = [newId("run"), newId("run"), newId("run")];
  return [
    { id: search, spec: { kind: "search", model: spec.modelId, datasetId: spec.triplets } },
    {
      id: prune,
      spec: { kind: "prune", model: spec.modelId, layers: { run: search, pick: "large" } },
      variant: "large",
      role: "prune",
    },
    { id: train, spec: { kind: "train", model: { run: prune }, datasetId: spec.triplets }, variant: "large" },
  ];
}

it("is stored with its runs in their order, and runs without dependencies are queued", async () => {
  const runs = planned();
  const experiment = await store.experiments.submit({ teamId: store.teamId, spec, runs });
  expect(experiment.runs.map(({ id, state, variant, role }) => [id, state, variant, role])).toEqual([
    [runs[0].id, "QUEUED", undefined, undefined],
    [runs[1].id, "WAITING", "large", "prune"],
    [runs[2].id, "WAITING", "large", undefined],
  ]);
  expect(await store.experiments.get(store.teamId, experiment.id)).toEqual(experiment);
  expect((await store.experiments.list(store.teamId)).items).toEqual([experiment]);
  expect(await store.runs.ofExperiment(store.teamId, experiment.id)).toEqual(experiment.runs);
});

it("is not stored at all when one of its runs is refused", async () => {
  const runs = planned();
  const before = await store.runs.list(store.teamId);
  await expect(
    store.experiments.submit({
      teamId: store.teamId,
      spec,
      runs: [...runs, { spec: { kind: "train", model: { run: newId("run") }, datasetId: spec.triplets } }],
    }),
  ).rejects.toMatchObject({ code: "resource/not-found" });
  expect(await store.runs.list(store.teamId)).toEqual(before);
});

it("is cancelled with every run that has not ended", async () => {
  const { id, runs } = await store.experiments.submit({ teamId: store.teamId, spec, runs: planned() });
  const { lease } = await store.claimed(runs[0].id);
  const cancelled = await store.experiments.cancel(store.teamId, id);
  expect(cancelled.runs.map(({ state }) => state)).toEqual(["RUNNING", "CANCELLED", "CANCELLED"]);
  expect(await store.beat(lease)).toMatchObject({ cancel: true });
});

it("stays consistent when its runs are cancelled and end at the same time", async () => {
  for (let round = 0; round < 8; round++) {
    const { id, runs } = await store.experiments.submit({ teamId: store.teamId, spec, runs: planned() });
    const { lease } = await store.claimed(runs[0].id);
    const [ended] = await Promise.allSettled([
      store.leases.succeed(lease, { result: { modelId: newId("model") } }),
      store.experiments.cancel(store.teamId, id),
      store.experiments.cancel(store.teamId, id),
    ]);
    expect(ended.status).toBe("fulfilled");
    const after = await store.experiments.get(store.teamId, id);
    expect(after.runs.map(({ state }) => state)).toEqual(["SUCCEEDED", "CANCELLED", "CANCELLED"]);
  }
});

/** Two variants: what one of them needs, the other does not. */
function branches(): NewRun[] {
  const [search] = planned();
  return [
    search,
    ...["large", "small"].flatMap((pick) => {
      const [prune, train] = [newId("run"), newId("run")];
      return [
        {
          id: prune,
          variant: pick,
          spec: { kind: "prune", model: spec.modelId, layers: { run: search.id!, pick } },
        },
        {
          id: train,
          variant: pick,
          spec: { kind: "train", model: { run: prune }, datasetId: spec.triplets },
        },
      ] as NewRun[];
    }),
  ];
}

it("skips only what depends on a run that has failed, and is retried from there", async () => {
  const { id, runs } = await store.experiments.submit({ teamId: store.teamId, spec, runs: branches() });
  const result = { modelId: newId("model") };
  const succeed = async (run: number) =>
    store.leases.succeed((await store.claimed(runs[run].id)).lease, { result });
  const states = async () => (await store.experiments.get(store.teamId, id)).runs.map(({ state }) => state);
  await succeed(0);
  await store.leases.fail((await store.claimed(runs[1].id)).lease, problemOf("layers/out-of-range"));
  expect(await states()).toEqual(["SUCCEEDED", "FAILED", "SKIPPED", "QUEUED", "WAITING"]);
  await succeed(3);
  await store.runs.cancel(store.teamId, runs[4].id);
  const outside = await store.runs.list(store.teamId);
  expect(await states()).toEqual(["SUCCEEDED", "FAILED", "SKIPPED", "SUCCEEDED", "CANCELLED"]);

  const retried = await store.experiments.retry(store.teamId, id);
  expect(retried.runs.map(({ state }) => state)).toEqual([
    "SUCCEEDED",
    "QUEUED",
    "WAITING",
    "SUCCEEDED",
    "QUEUED",
  ]);
  expect(retried.runs.map(({ problem }) => problem)).toEqual(runs.map(() => undefined));
  expect((await store.runs.list(store.teamId)).items).toHaveLength(outside.items.length);
  await expect(store.experiments.retry(store.teamId, id)).rejects.toMatchObject({ code: "run/illegal-move" });
  for (const run of [1, 2, 4]) await succeed(run);
  expect(new Set(await states())).toEqual(new Set(["SUCCEEDED"]));
});

it("is retried with the runs of others that depend on it, but not before a run of others that it needs", async () => {
  const { id, runs } = await store.experiments.submit({ teamId: store.teamId, spec, runs: planned() });
  const other = await store.experiments.submit({
    teamId: store.teamId,
    spec,
    runs: [{ spec: { kind: "train", model: { run: runs[1].id }, datasetId: spec.triplets } }],
  });
  await store.experiments.cancel(store.teamId, id);
  const stateOfOther = async () => (await store.runs.get(store.teamId, other.runs[0].id)).state;
  expect(await stateOfOther()).toBe("SKIPPED");
  await expect(store.experiments.retry(store.teamId, other.id)).rejects.toMatchObject({
    code: "run/upstream-failed",
    facts: { runId: runs[1].id },
  });
  await store.experiments.retry(store.teamId, id);
  expect(await stateOfOther()).toBe("WAITING");
});

it("is not retried while one of its runs is still being cancelled", async () => {
  const { id, runs } = await store.experiments.submit({ teamId: store.teamId, spec, runs: planned() });
  const { lease } = await store.claimed(runs[0].id);
  await store.experiments.cancel(store.teamId, id);
  await expect(store.experiments.retry(store.teamId, id)).rejects.toMatchObject({
    code: "run/illegal-move",
    facts: { runId: runs[0].id },
  });
  await store.leases.cancelled(lease);
  const { runs: retried } = await store.experiments.retry(store.teamId, id);
  expect(retried.map(({ state }) => state)).toEqual(["QUEUED", "WAITING", "WAITING"]);
});
