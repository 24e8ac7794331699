import { newId, type ExperimentSpec, type Run } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { finishMeasured } from "../../../../test/api/measured.ts";
import { problemOf } from "../../../../test/servers/store.ts";
import { startTestApi, type TestApi } from "../../../../test/api/service.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

const finishing = { noiseOf: () => 1 };
/** Tests differ in the longest text, so that they share nothing. */
const submitted = async (spec: Partial<ExperimentSpec> = {}) => {
  const encoding = { maxLength: spec.training!.steps! };
  const { id } = await api.client.experiments.submit({ ...api.spec, encoding, ...spec });
  return { id, runs: () => api.store.runs.ofExperiment(api.store.teamId, id) };
};
const told = (runs: readonly Run[]) => runs.map(({ role, variant, state }) => `${variant} ${role} ${state}`);

it("the same request has its results at once, a longer one shares what is the same, and a fresh one computes all anew", async () => {
  const training = { steps: 11 };
  const first = await submitted({ training });
  await finishMeasured(api, first.id, finishing);
  const computed = await first.runs();

  const again = await submitted({ name: "again", training });
  const same = await again.runs();
  expect(same.map(({ state, reusedFrom }) => [state, reusedFrom])).toEqual(
    computed.map(({ id }) => ["SUCCEEDED", id]),
  );
  expect(same.map(({ result }) => result)).toEqual(computed.map(({ result }) => result));
  const [one, two] = await Promise.all([first, again].map(({ id }) => api.client.experiments.get(id)));
  expect(two.state).toBe("SUCCEEDED");
  expect(two.variants).toEqual(one.variants);
  // What each unit adds is where it was computed.
  const comparisons = [first, again].map(({ id }) => api.client.experiments.comparison(id));
  const [ofFirst, ofAgain] = await Promise.all(comparisons);
  expect(ofAgain).toEqual(ofFirst);
  expect(ofAgain.variants).toHaveLength(2);

  // The default seed is 42, so that the runs of that seed are there, and those of the other are not.
  const longer = await submitted({ training, seeds: [42, 43] });
  expect(told(await longer.runs())).toEqual([
    "none before SUCCEEDED",
    "none train SUCCEEDED",
    "none after SUCCEEDED",
    "none train QUEUED",
    "none after WAITING",
    "2 layers prune SUCCEEDED",
    "2 layers before SUCCEEDED",
    "2 layers train SUCCEEDED",
    "2 layers after SUCCEEDED",
    "2 layers train QUEUED",
    "2 layers after WAITING",
  ]);
  const plan = await api.client.plan({
    experiment: { ...api.spec, training, seeds: [42, 43, 44], encoding: { maxLength: 11 } },
  });
  expect(plan.runs.map(({ role }) => role)).toEqual(["train", "after", "train", "after"]);
  expect(plan.reused!.map(({ state }) => state)).toContain("QUEUED");
  expect(plan.reused).toHaveLength(11);

  const there = await api.client.plan({
    experiment: { ...api.spec, training, encoding: { maxLength: 11 } },
  });
  expect(there).toMatchObject({ runs: [], deviceHours: 0 });
  expect(there.reused).toHaveLength(computed.length);

  const fresh = await submitted({ training, fresh: true });
  expect((await fresh.runs()).filter(({ reusedFrom }) => reusedFrom !== undefined)).toEqual([]);
  await api.client.experiments.cancel(fresh.id);
  await api.client.experiments.cancel(longer.id);
});

it("an experiment waits for what another one computes, and ends with it", async () => {
  const training = { steps: 12 };
  const first = await submitted({ training });
  const second = await submitted({ training, variants: ["none"] });
  expect(told(await second.runs())).toEqual([
    "none before WAITING",
    "none train WAITING",
    "none after WAITING",
  ]);
  await finishMeasured(api, first.id, finishing);
  const [ofFirst, ofSecond] = [await first.runs(), await second.runs()];
  expect(ofSecond.map(({ state, reusedFrom, attempt }) => [state, reusedFrom, attempt])).toEqual(
    ofFirst.slice(0, 3).map(({ id }) => ["SUCCEEDED", id, 0]),
  );
  expect((await api.client.experiments.get(second.id)).state).toBe("SUCCEEDED");
});

it("the same request goes on with what failed, and computes what was cancelled or deleted anew", async () => {
  const { store } = api;
  const training = { steps: 13 };
  const first = await submitted({ training, variants: ["none"] });
  const [before, train] = (await first.runs()) as [Run, Run];
  const { lease } = await store.claimed(train.id);
  await store.leases.fail(lease, problemOf("training/diverged"));
  await api.client.runs.cancel(before.id);
  expect((await api.client.experiments.get(first.id)).state).toBe("FAILED");

  const second = await submitted({ training, variants: ["none"] });
  const resumed = await second.runs();
  expect(resumed.map(({ reusedFrom }) => reusedFrom)).toEqual([undefined, train.id, expect.any(String)]);
  expect((await store.runs.get(store.teamId, train.id)).state).toBe("QUEUED");
  await finishMeasured(api, first.id, finishing);
  await finishMeasured(api, second.id, finishing);
  expect((await api.client.experiments.get(second.id)).state).toBe("SUCCEEDED");

  await api.client.experiments.remove(first.id, { models: true });
  const third = await submitted({ training, variants: ["none"] });
  expect(told(await third.runs())).toEqual([
    "none before SUCCEEDED",
    "none train QUEUED",
    "none after WAITING",
  ]);
});

it("teams reuse nothing of each other, and other settings and data are other runs", async () => {
  const { store, client, spec } = api;
  const training = { steps: 14 };
  const first = await submitted({ training, variants: ["none"] });
  await finishMeasured(api, first.id, finishing);
  const states = async (change: Partial<ExperimentSpec>) =>
    (await (await submitted({ training, variants: ["none"], ...change })).runs()).map(({ state }) => state);
  expect(await states({ training: { steps: 14, scale: 20 } })).toEqual(["SUCCEEDED", "QUEUED", "WAITING"]);
  expect(await states({ encoding: { pooling: "cls" } })).toEqual(["QUEUED", "QUEUED", "WAITING"]);
  const other = newId("dataset");
  const stored = { location: `datasets/${other}/rows.jsonl`, bytes: 1, sha256: "1".repeat(64) };
  await store.datasets.register({
    id: other,
    teamId: store.teamId,
    name: "more",
    kind: "triplets",
    rows: 100,
    stored,
  });
  expect(await states({ triplets: other })).toEqual(["SUCCEEDED", "QUEUED", "WAITING"]);
  // A default that is written out is the same.
  expect(await states({ training: { steps: 14, scale: 50, seed: 42 }, mode: "default" })).toEqual([
    "SUCCEEDED",
    "SUCCEEDED",
    "SUCCEEDED",
  ]);
  const foreign = await store.runs.addressed(newId("team"), [await addressOf(first.id)]);
  expect(foreign.size).toBe(0);
  expect((await store.runs.addressed(store.teamId, [await addressOf(first.id)])).size).toBe(1);
  await expect(client.experiments.submit({ ...spec, baseline: "large" })).rejects.toMatchObject({
    code: "request/invalid",
    facts: { field: "/baseline" },
    message: 'There is no variant "large" to compare with; there are none, 2 layers.',
  });
});

const addressOf = async (experimentId: string): Promise<string> => {
  const [row] = await api.store.sql<{ address: string }>(
    "select address from run where experiment_id = $1 and role = 'train'",
    [experimentId],
  );
  return row.address;
};
