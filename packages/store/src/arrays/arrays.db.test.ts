import { newId, type RunArray } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const submit = (count: number, atOnce?: number, dependsOn: string[] = []) =>
  store.arrays.submit({
    teamId: store.teamId,
    array: `0-${count - 1}`,
    ...(atOnce === undefined ? {} : { atOnce }),
    runs: Array.from({ length: count }, (_, index) => ({
      index,
      spec: { kind: "prune" as const, model: newId("model"), layers: 1 + index },
      dependsOn,
    })),
  });
const states = async ({ id }: Pick<RunArray, "id">) =>
  (await store.arrays.get(store.teamId, id)).runs.map(({ state }) => state);
const succeed = async (runId: string) =>
  store.leases.succeed((await store.claimed(runId)).lease, { result: { modelId: newId("model") } });

it("is one submission of several runs, which know it and their indices", async () => {
  const array = await submit(3);
  expect(array.runs.map(({ index, state }) => [index, state])).toEqual([
    [0, "QUEUED"],
    [1, "QUEUED"],
    [2, "QUEUED"],
  ]);
  expect(await store.runs.get(store.teamId, array.runs[2].runId)).toMatchObject({
    array: { id: array.id, index: 2 },
    spec: { layers: 3 },
  });
  expect((await store.arrays.list(store.teamId)).items).toEqual([array]);
  const { id: stranger } = await store.teams.ensure("strangers");
  await expect(store.arrays.get(stranger, array.id)).rejects.toMatchObject({ code: "resource/not-found" });
  await expect(store.arrays.cancel(stranger, array.id)).rejects.toMatchObject({ code: "resource/not-found" });
});

it("lets so many of its runs be queued at a time, and the next one when one of them has ended in any way", async () => {
  const array = await submit(5, 2);
  const [a, b, c, d] = array.runs.map(({ runId }) => runId) as [string, string, string, string];
  expect(await states(array)).toEqual(["QUEUED", "QUEUED", "WAITING", "WAITING", "WAITING"]);
  expect((await store.runs.get(store.teamId, c)).waiting?.reason).toEqual({ code: "array-limit", limit: 2 });
  await succeed(a);
  expect(await states(array)).toEqual(["SUCCEEDED", "QUEUED", "QUEUED", "WAITING", "WAITING"]);
  await store.leases.fail((await store.claimed(b)).lease, problemOf("training/diverged"));
  await store.runs.cancel(store.teamId, d);
  expect(await states(array)).toEqual(["SUCCEEDED", "FAILED", "QUEUED", "CANCELLED", "QUEUED"]);
  // A retry waits for its turn as well.
  await store.runs.retry(store.teamId, b);
  expect(await states(array)).toEqual(["SUCCEEDED", "WAITING", "QUEUED", "CANCELLED", "QUEUED"]);
  await succeed(c);
  expect(await states(array)).toEqual(["SUCCEEDED", "QUEUED", "SUCCEEDED", "CANCELLED", "QUEUED"]);
});

it("waits for the runs that it depends on, and then in turns", async () => {
  const first = await store.submit();
  const array = await submit(3, 1, [first.id]);
  expect(await states(array)).toEqual(["WAITING", "WAITING", "WAITING"]);
  await succeed(first.id);
  expect(await states(array)).toEqual(["QUEUED", "WAITING", "WAITING"]);
});

it("is held, changed, released and cancelled as one", async () => {
  const array = await submit(4, 2);
  await store.arrays.hold(store.teamId, array.id, "ada");
  const runs = () => Promise.all(array.runs.map(({ runId }) => store.runs.get(store.teamId, runId)));
  expect((await runs()).every(({ held }) => held?.by === "ada")).toBe(true);
  await store.arrays.change({
    teamId: store.teamId,
    arrayId: array.id,
    change: { class: "idle" },
    by: "ada",
  });
  expect((await runs()).map((run) => run.class)).toEqual(["idle", "idle", "idle", "idle"]);
  await store.arrays.release(store.teamId, array.id, "ada");
  expect((await runs()).some(({ held }) => held)).toBe(false);
  const cancelled = await store.arrays.cancel(store.teamId, array.id);
  expect(cancelled.runs.map(({ state }) => state)).toEqual(Array.from({ length: 4 }, () => "CANCELLED"));
  expect(await store.arrays.cancel(store.teamId, array.id)).toEqual(cancelled);
});
