import { newId, type ExperimentSpec } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../test/servers/store.ts";
import type { NewRun } from "./runs.ts";

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
    },
    { id: train, spec: { kind: "train", model: { run: prune }, datasetId: spec.triplets }, variant: "large" },
  ];
}

it("is stored with its runs in their order, those without dependencies queued", async () => {
  const runs = planned();
  const experiment = await store.experiments.submit({ teamId: store.teamId, spec, runs });
  expect(experiment.runs.map(({ id, state, variant }) => [id, state, variant])).toEqual([
    [runs[0].id, "QUEUED", undefined],
    [runs[1].id, "WAITING", "large"],
    [runs[2].id, "WAITING", "large"],
  ]);
  expect(await store.experiments.get(store.teamId, experiment.id)).toEqual(experiment);
  expect((await store.experiments.list(store.teamId)).items).toEqual([experiment]);
  expect(await store.runs.ofExperiment(store.teamId, experiment.id)).toEqual(experiment.runs);
});

it("is not there at all when one of its runs cannot be", async () => {
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

it("survives cancels and ends that cross one another", async () => {
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
