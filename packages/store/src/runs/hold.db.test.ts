import { newId, type Event } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const by = "key_1 (ada)";
const get = (runId: string) => store.runs.get(store.teamId, runId);
const hold = (runId: string) => store.runs.hold(store.teamId, runId, by);
const release = (runId: string) => store.runs.release(store.teamId, runId, by);
const change = (runId: string, change: object) =>
  store.runs.change({ teamId: store.teamId, runId, change, by });
const isPlanned = async (runId: string) =>
  (await store.dispatch.snapshot()).queued.some(({ id }) => id === runId);
const changes = async (runId: string) => {
  await store.settled();
  const { events } = await store.events.read(store.teamId, { runId });
  return events.filter(
    (event): event is Extract<Event, { type: "run.changed" }> => event.type === "run.changed",
  );
};
const illegal = (facts: object) => ({ code: "run/illegal-move", facts });

it("is out of the order while it is held, and comes back to its old place", async () => {
  const { id, queuedAt } = await store.submit();
  const held = await hold(id);
  expect(held).toMatchObject({
    state: "QUEUED",
    held: { by },
    waiting: { reason: { code: "held", by, at: held.held!.at }, unblockedBy: [{ by: "release" }] },
  });
  expect(await hold(id)).toEqual(held);
  expect(await isPlanned(id)).toBe(false);
  expect(await store.placed(id)).toBeUndefined();
  const { items } = await store.queued.page(store.teamId, { own: true });
  expect(items.find(({ runId }) => runId === id)).toMatchObject({ waiting: { reason: { code: "held" } } });
  const released = await release(id);
  expect(released).not.toHaveProperty("held");
  expect(released.queuedAt).toBe(queuedAt);
  expect(await release(id)).toEqual(released);
  expect(await isPlanned(id)).toBe(true);
  expect((await changes(id)).map(({ action, by }) => [action, by])).toEqual([
    ["hold", by],
    ["release", by],
  ]);
});

it("gives its devices back when it is held before a worker has claimed it", async () => {
  const { id } = await store.submit();
  const delivery = await store.placed(id);
  expect(delivery).toBeDefined();
  expect(await hold(id)).toMatchObject({ state: "QUEUED", held: { by } });
  expect(await store.leases.claim({ runId: id, workerId: store.workerId })).toBeUndefined();
  expect(await store.sql("select from run_device where run_id = $1", [id])).toEqual([]);
});

it("stays held when the runs that it needs have succeeded, and is held no more after a retry", async () => {
  const first = await store.submit();
  const { id } = await store.submit([first.id]);
  expect(await hold(id)).toMatchObject({ state: "WAITING", waiting: { reason: { code: "dependency" } } });
  await store.leases.succeed((await store.claimed(first.id)).lease, { result: { modelId: newId("model") } });
  expect(await get(id)).toMatchObject({ state: "QUEUED", waiting: { reason: { code: "held" } } });
  expect(await isPlanned(id)).toBe(false);
  await store.runs.cancel(store.teamId, id);
  expect(await store.runs.retry(store.teamId, id)).not.toHaveProperty("held");
});

it("is refused, with the reason, where it would mean nothing", async () => {
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await expect(hold(id)).rejects.toMatchObject(illegal({ runId: id }));
  expect((await release(id)).state).toBe("RUNNING");
  await expect(change(id, { class: "urgent", priority: 3 })).rejects.toMatchObject(
    illegal({ field: "/class" }),
  );
  expect(await change(id, { priority: 3 })).toMatchObject({ class: "normal", priority: 3 });
  await store.leases.fail(lease, problemOf("training/diverged"));
  await expect(hold(id)).rejects.toMatchObject(illegal({ runId: id }));
  await expect(release(id)).rejects.toMatchObject(illegal({ runId: id }));
  expect(await change(id, { class: "idle" })).toMatchObject({ class: "idle", priority: 3 });
  const { id: stranger } = await store.teams.ensure("strangers");
  for (const call of [
    () => store.runs.hold(stranger, id, by),
    () => store.runs.release(stranger, id, by),
    () => store.runs.change({ teamId: stranger, runId: id, change: { priority: 1 }, by }),
  ])
    await expect(call()).rejects.toMatchObject({ code: "resource/not-found" });
});

it("changes once, however often it is asked, and the plan sees it", async () => {
  const { id } = await store.submit();
  for (let i = 0; i < 3; i++) await change(id, { class: "urgent", priority: 7 });
  expect((await changes(id)).map(({ action, change }) => [action, change])).toEqual([
    ["set", { class: "urgent", priority: 7 }],
  ]);
  const { queued } = await store.dispatch.snapshot();
  expect(queued.find((run) => run.id === id)).toMatchObject({ class: "urgent", priority: 7 });
});

it("holds, changes and releases the runs of an experiment that have not started", async () => {
  const spec = {
    name: "e",
    modelId: newId("model"),
    triplets: newId("dataset"),
    evaluation: [newId("dataset")],
  };
  const runs = [1, 2, 3].map((layers) => ({
    spec: { kind: "prune" as const, model: newId("model"), layers },
  }));
  const experiment = await store.experiments.submit({ teamId: store.teamId, spec, runs });
  const [running, ...others] = experiment.runs.map(({ id }) => id) as [string, string, string];
  await store.claimed(running);
  const held = await store.experiments.hold(store.teamId, experiment.id, by);
  expect(held.runs.map(({ id, held }) => [id, held !== undefined])).toEqual([
    [running, false],
    ...others.map((id) => [id, true]),
  ]);
  const set = { teamId: store.teamId, experimentId: experiment.id, change: { class: "idle" as const }, by };
  expect((await store.experiments.change(set)).runs.map((run) => run.class)).toEqual([
    "normal",
    "idle",
    "idle",
  ]);
  const released = await store.experiments.release(store.teamId, experiment.id, by);
  expect(released.runs.every((run) => run.held === undefined)).toBe(true);
});
