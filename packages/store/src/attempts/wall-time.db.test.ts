import { newId, type Lease } from "@espalier/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const get = (runId: string) => store.runs.get(store.teamId, runId);
const limited = (wallSeconds = 3600) => store.submit([], { limits: { wallSeconds } });
/** As if its current attempt had begun so much earlier. */
const compute = ({ runId, attempt }: Lease, seconds: number) =>
  store.sql(
    "update attempt set started_at = started_at - make_interval(secs => $3) where run_id = $1 and number = $2",
    [runId, attempt, seconds],
  );
const save = (lease: Lease, step: number) =>
  store.leases.saveCheckpoint(lease, {
    step,
    stored: { location: `runs/${lease.runId}/${step}`, bytes: 1, sha256: "0".repeat(64) },
  });
const set = (runId: string, wallSeconds: number | null) =>
  store.runs.change({ teamId: store.teamId, runId, change: { limits: { wallSeconds } }, by: "ada" });

it("asks a run whose time is over to save, ends it with what it saved, and goes on from there after a retry", async () => {
  const { id, limits } = await limited();
  expect(limits).toEqual({ wallSeconds: 3600 });
  const { lease } = await store.claimed(id);
  await compute(lease, 3590);
  expect(await store.leases.stopOverdue()).toEqual([]);
  await compute(lease, 20);
  expect(await store.leases.stopOverdue()).toEqual([id]);
  expect(await store.leases.stopOverdue()).toEqual([]);
  expect(await store.beat(lease)).toEqual({ cancel: false, preempt: true });
  await save(lease, 40);
  await store.leases.giveBack(lease);
  const failed = await get(id);
  expect(failed).toMatchObject({
    state: "FAILED",
    failure: "limit",
    problem: { code: "run/wall-time", runId: id, detail: expect.stringContaining("step 40") as string },
  });
  expect(await store.runs.attempts(store.teamId, id)).toMatchObject([
    { state: "FAILED", failure: "limit", problem: { code: "run/wall-time" } },
  ]);
  expect(await set(id, 7200)).toMatchObject({ state: "FAILED", limits: { wallSeconds: 7200 } });
  await store.runs.retry(store.teamId, id);
  const again = await store.claimed(id);
  expect(again.checkpoint?.step).toBe(40);
  await compute(again.lease, 7000);
  expect(await store.leases.stopOverdue()).toEqual([]);
  await store.leases.succeed(again.lease, { result: { modelId: newId("model") } });
});

it("adds up the attempts that computed, and leaves out those that the pool failed", async () => {
  const { id } = await limited();
  const first = await store.claimed(id);
  await compute(first.lease, 3000);
  await store.leases.giveBack(first.lease);
  expect((await get(id)).state).toBe("QUEUED");
  const lost = await store.claimed(id);
  await compute(lost.lease, 3000);
  expect(await store.leases.fail(lost.lease, problemOf("worker/lost"))).toBe("QUEUED");
  await store.sql("update run set not_before = null where id = $1", [id]);
  const third = await store.claimed(id);
  await compute(third.lease, 500);
  expect(await store.leases.stopOverdue()).toEqual([]);
  await compute(third.lease, 200);
  // A crash would be tried again; there is no time left for it.
  expect(await store.leases.fail(third.lease, problemOf("worker/child-crashed"))).toBe("FAILED");
  const [, , last] = await store.runs.attempts(store.teamId, id);
  expect(last).toMatchObject({ failure: "limit", problem: { code: "worker/child-crashed" } });
  expect(await get(id)).toMatchObject({
    problem: { code: "run/wall-time", detail: expect.stringContaining("begins anew") as string },
  });
});

it("heeds a limit that is set, moved or taken away while the run computes", async () => {
  const { id } = await store.submit();
  const { lease } = await store.claimed(id);
  await compute(lease, 100);
  await set(id, 50);
  expect(await store.leases.stopOverdue()).toEqual([id]);
  expect(await set(id, 500)).toMatchObject({ state: "RUNNING", limits: { wallSeconds: 500 } });
  expect(await store.beat(lease)).toEqual({ cancel: false, preempt: false });
  expect(await store.leases.stopOverdue()).toEqual([]);
  expect(await set(id, null)).not.toHaveProperty("limits");
  await compute(lease, 1e6);
  expect(await store.leases.stopOverdue()).toEqual([]);
  await store.leases.giveBack(lease);
  expect(await get(id)).toMatchObject({ state: "QUEUED" });
});

it("lets a run that succeeds all the same succeed, and a cancelled one be cancelled", async () => {
  const [done, cancelled] = [await limited(1), await limited(1)];
  const first = await store.claimed(done.id);
  await compute(first.lease, 10);
  expect(await store.leases.stopOverdue()).toEqual([done.id]);
  await store.leases.succeed(first.lease, { result: { modelId: newId("model") } });
  expect((await get(done.id)).state).toBe("SUCCEEDED");
  await expect(set(done.id, 5)).rejects.toMatchObject({
    code: "run/illegal-move",
    facts: { field: "/limits" },
  });
  const second = await store.claimed(cancelled.id);
  await compute(second.lease, 10);
  await store.runs.cancel(store.teamId, cancelled.id);
  expect(await store.leases.stopOverdue()).toEqual([]);
  await store.leases.giveBack(second.lease);
  expect(await get(cancelled.id)).toMatchObject({ state: "CANCELLED" });
});
