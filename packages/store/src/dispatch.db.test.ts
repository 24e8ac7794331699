import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, type TestStore } from "../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

describe("the dispatcher's view", () => {
  it("lists queued runs by priority and age, and devices with what they are taken by", async () => {
    const low = await store.submit([], { priority: -1 });
    const first = await store.submit();
    const high = await store.submit([], { priority: 5 });
    const running = await store.submit();
    await store.claimed(running.id);
    const snapshot = await store.dispatch.snapshot();
    expect(snapshot.queued.map(({ id }) => id)).toEqual([high.id, first.id, low.id]);
    expect(snapshot.queued[0]).toMatchObject({ teamId: store.teamId, kind: "prune", priority: 5 });
    expect(Math.abs(snapshot.queued[0].queuedAt - Date.now())).toBeLessThan(60_000);
    expect(snapshot.classes).toEqual([{ name: "cpu", devices: 1, taken: 1 }]);
    expect(await store.dispatch.release(high.id, "cpu")).toEqual({
      runId: high.id,
      deviceClass: "cpu",
      dispatch: 1,
    });
    expect((await store.dispatch.snapshot()).classes).toEqual([{ name: "cpu", devices: 1, taken: 2 }]);
    const [worker] = await store.workers.list();
    expect(worker.devices).toMatchObject([{ kind: "cpu", runId: running.id }]);
  });
});

describe("a release", () => {
  it("happens once, and never to a run that has moved on", async () => {
    const { id } = await store.submit();
    const released = await Promise.all([1, 2, 3].map(() => store.dispatch.release(id, "cpu")));
    expect(released.filter((delivery) => delivery !== undefined).length).toBe(1);
    await store.runs.cancel(store.teamId, id);
    expect(await store.dispatch.release(id, "cpu")).toBeUndefined();
  });

  it("is repeated under a new number when nobody claims the run", async () => {
    const { id } = await store.submit();
    await store.dispatch.release(id, "cpu");
    expect(await store.dispatch.redeliver(30)).toEqual([]);
    await store.sql("update run set dispatched_at = now() - interval '31 s' where id = $1", [id]);
    expect(await store.dispatch.redeliver(30)).toEqual([{ runId: id, deviceClass: "cpu", dispatch: 2 }]);
    expect(await store.dispatch.redeliver(30)).toEqual([]);
  });

  it("is taken back when no device of its class is left", async () => {
    const { id } = await store.submit();
    await store.dispatch.release(id, "cuda");
    expect(await store.dispatch.recall()).toEqual([id]);
    expect((await store.runs.get(store.teamId, id)).state).toBe("QUEUED");
  });
});

describe("leadership", () => {
  it("has one holder, passes on when it is released, and says when its connection is cut", async () => {
    const [first, second] = [
      await store.leader.acquire("dispatcher"),
      await store.leader.acquire("dispatcher"),
    ];
    expect([first !== undefined, second]).toEqual([true, undefined]);
    const other = await store.leader.acquire("another");
    await other?.release();
    await first?.release();
    const next = await store.leader.acquire("dispatcher");
    expect(next?.signal.aborted).toBe(false);
    const lost = new Promise((resolve) => next?.signal.addEventListener("abort", resolve));
    await store.sql(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    );
    await lost;
    const again = await store.leader.acquire("dispatcher");
    expect(again).toBeDefined();
    await again?.release();
  });
});
