import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { QueuedRun } from "@espalier/scheduler";
import { KeptQueue } from "./kept-queue.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const any = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)];

const byPriority = (a: QueuedRun, b: QueuedRun) =>
  b.priority - a.priority || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1);
const byId = (runs: readonly { id: string }[]) => [...runs].sort((a, b) => (a.id < b.id ? -1 : 1));

it("holds what a full read would return, whatever has happened to the queue since the last read", async () => {
  const queue = new KeptQueue();
  const ids: string[] = [];
  const submit = async (): Promise<void> => void ids.push((await store.submit()).id);
  for (let i = 0; i < 12; i++) await submit();
  const { teamId } = store;
  const steps: (() => Promise<unknown>)[] = [
    submit,
    () => store.runs.cancel(teamId, any(ids)),
    () => store.runs.hold(teamId, any(ids), "somebody"),
    () => store.runs.release(teamId, any(ids), "somebody"),
    () => store.runs.change({ teamId, runId: any(ids), change: { priority: any([-1, 0, 1]) }, by: "she" }),
    () => store.runs.retry(teamId, any(ids)),
    () =>
      store.runs.change({
        teamId,
        runId: any(ids),
        change: { limits: { wallSeconds: any([60, null]) } },
        by: "she",
      }),
    () => store.placed(any(ids)),
    () => store.dispatch.recall(0),
    () => store.sql("update run set not_before = now() + interval '1 min' where id = $1", [any(ids)]),
    async () => {
      const submitted = store.transaction(async (tx) => {
        await store.runs.submit({ teamId, spec: { kind: "prune", model: "mdl_1", layers: 1 } }, tx);
        throw new Error("rolled back");
      });
      await submitted.catch(() => undefined);
    },
  ];
  for (let i = 0; i < 60; i++) {
    // Many steps are refused, because the run is in another state.
    await any(steps)().catch(() => undefined);
    if (i % 3 > 0) continue;
    const kept = await store.dispatch.snapshot(queue);
    const full = await store.dispatch.snapshot();
    expect(byId(kept.queued)).toEqual(byId(full.queued));
    expect(kept.queued).toEqual([...kept.queued].sort(byPriority));
  }
});

it("gives the same list until a queued run is written", async () => {
  const queue = new KeptQueue();
  const { id } = await store.submit();
  const read = async () => (await store.dispatch.snapshot(queue)).queued;
  const find = (runs: readonly QueuedRun[]) => runs.find((run) => run.id === id);
  const first = await read();
  expect(await read()).toBe(first);
  await store.runs.change({ teamId: store.teamId, runId: id, change: { priority: 7 }, by: "she" });
  const second = await read();
  expect(find(second)).toEqual({ ...find(first), priority: 7 });
  expect(await read()).toBe(second);
});

it("is empty when the last run has left", async () => {
  const queue = new KeptQueue();
  await store.submit();
  await store.dispatch.snapshot(queue);
  await store.sql("update run set held_at = now() where state = 'QUEUED'");
  expect((await store.dispatch.snapshot(queue)).queued).toEqual([]);
});

it("knows how long a run may still compute, whatever its earlier attempts have used", async () => {
  const queue = new KeptQueue();
  const { id } = await store.submit([], { limits: { wallSeconds: 3600 } });
  const waiting = async () => (await store.dispatch.snapshot(queue)).queued.find((run) => run.id === id);
  expect((await waiting())!.wallMs).toBe(3_600_000);
  const { lease } = await store.claimed(id);
  await store.sql("update attempt set started_at = now() - interval '20 min' where run_id = $1", [id]);
  const { running } = await store.dispatch.snapshot(queue);
  expect(running.find((run) => run.id === id)!.wallMs).toBe(3_600_000);
  await store.leases.giveBack(lease);
  const left = (await waiting())!.wallMs!;
  expect(left).toBeGreaterThan(2_390_000);
  expect(left).toBeLessThanOrEqual(2_400_000);
});
