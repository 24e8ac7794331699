import { classCharge, leaseTiming, newId, usageHalfLifeMs, type WaitingReason } from "@espalier/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimOn } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { DispatchDecisions } from "./dispatch.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

/** The worker is heard of. */
const beat = () => store.heartbeats.beat(store.workerId, { runs: [], measurements: [{ freeBytes: 4e8 }] });
const stateOf = async (runId: string) => (await store.runs.get(store.teamId, runId)).state;
const decisions = async (more: Partial<DispatchDecisions>): Promise<DispatchDecisions> => ({
  number: (await store.dispatch.snapshot()).number,
  starts: [],
  preemptions: [],
  reservations: [],
  waiting: [],
  ...more,
});
const start = (runId: string, deviceId = store.deviceId, workerId = store.workerId) => ({
  runId,
  workerId,
  allocations: [{ deviceId, reservedBytes: 5e8, units: 0.5 }],
  borrowing: false,
  aged: false,
});
const devicesOf = async (runId: string) =>
  (await store.sql<{ device_id: string }>("select device_id from run_device where run_id = $1", [runId])).map(
    ({ device_id }) => device_id,
  );

describe("a snapshot", () => {
  it("holds waiting runs, running ones with their devices, the usage of teams, and the history of similar runs", async () => {
    const modelId = newId("model");
    const needs = { labels: ["zone=a"], memoryBytes: 7 };
    const { id } = await store.submit([], {
      priority: 5,
      class: "urgent",
      needs,
      predictedBytes: 9,
      modelId,
    });
    const past = await store.submit([], { modelId, predictedBytes: 100 });
    const { lease } = await store.claimed(past.id);
    await store.metrics.append(lease, [{ name: "peak_memory_bytes", step: 0, value: 150 }]);
    await store.sql("update attempt set started_at = now() - interval '100 s' where run_id = $1", [past.id]);
    await store.leases.succeed(lease, { result: { modelId } });
    const running = await store.submit();
    await store.claimed(running.id);
    await beat();

    const snapshot = await store.dispatch.snapshot();
    expect(Math.abs(snapshot.now - Date.now())).toBeLessThan(60_000);
    expect(snapshot.queued).toEqual([
      {
        id,
        teamId: store.teamId,
        userId: expect.stringMatching(/^usr_/) as string,
        class: "urgent",
        priority: 5,
        queuedAt: expect.any(Number) as number,
        notBefore: null,
        needs: { devices: 1, kinds: [], labels: ["zone=a"], memoryBytes: 7, shares: true },
        historyKeys: [`prune/${modelId}`, "prune"],
      },
    ]);
    expect(Math.abs(snapshot.queued[0].queuedAt - snapshot.now)).toBeLessThan(60_000);
    expect(snapshot.running).toMatchObject([
      {
        id: running.id,
        state: "running",
        stopsBy: null,
        allocations: [{ deviceId: store.deviceId, reservedBytes: null, units: 1 }],
      },
    ]);
    expect(snapshot.devices).toMatchObject([
      { id: store.deviceId, workerId: store.workerId, kind: "cpu", memoryBytes: 1e9, state: "schedulable" },
    ]);
    const [team] = snapshot.teams;
    expect(team).toMatchObject({ id: store.teamId, weight: 1, quota: { devices: null, deviceHours: null } });
    // A hundred seconds of one device, decayed by next to nothing.
    expect(team.usage).toBeGreaterThan(99.9);
    expect(team.usage).toBeLessThan(130);
    expect(snapshot.users).toMatchObject([{ teamId: store.teamId, usage: team.usage }]);
    expect(snapshot.history.map(({ key }) => key).sort()).toEqual(["prune", `prune/${modelId}`]);
    expect(snapshot.history[0]).toMatchObject({ samples: 1, memoryRatio: 1.5 });
    expect(snapshot.history[0].duration.likely).toBeGreaterThan(99_900);

    await store.runs.cancel(store.teamId, id);
    expect((await store.dispatch.snapshot()).queued).toEqual([]);
  });

  it("tells how far a training is, and where its attempt began", async () => {
    const spec = { kind: "train" as const, model: newId("model"), datasetId: newId("dataset") };
    const { id } = await store.runs.submit({ teamId: store.teamId, spec });
    const { lease } = await store.claimed(id);
    const work = async () => (await store.dispatch.snapshot()).running.find((run) => run.id === id)?.work;
    expect(await work()).toBeUndefined();
    const report = (phase: string, done: number, total: number) =>
      store.heartbeats.beat(store.workerId, {
        runs: [{ ...lease, progress: { phase, done, total, unit: "steps" } }],
        measurements: [],
      });
    await report("load", 1, 1);
    expect(await work()).toBeUndefined();
    await report("train", 25, 100);
    expect(await work()).toEqual({ done: 0.25, before: 0 });
    await store.sql("update attempt set resumed_step = 20 where run_id = $1", [id]);
    expect(await work()).toEqual({ done: 0.25, before: 0.2 });
    await store.leases.giveBack(lease);
    await store.runs.cancel(store.teamId, id);
  });

  it("leaves out free memory that was measured while a run that has ended may still have used it", async () => {
    const measured = async () => (await store.dispatch.snapshot()).devices[0].freeBytes;
    await store.sql("update device set released_at = null");
    await beat();
    expect(await measured()).toBe(4e8);
    const { id } = await store.submit();
    await store.leases.giveBack((await store.claimed(id)).lease);
    await store.runs.cancel(store.teamId, id);
    await beat();
    expect(await measured()).toBeNull();
    await store.sql("update device set released_at = now() - interval '11 s'");
    await beat();
    expect(await measured()).toBe(4e8);
  });
});

const reservation = (runId: string) => ({ runId, deviceIds: [store.deviceId], at: 0, promised: false });

describe("a commit", () => {
  it("starts runs on their devices, and skips one that was cancelled and one whose device is held, with the reason", async () => {
    const other = await store.workers.register({ name: "held", host: "h", version: "0", devices: [cpu] });
    const [held] = other.devices;
    await store.holds.cordon(held.id, { by: "test" });
    const [good, cancelled, late] = [await store.submit(), await store.submit(), await store.submit()];
    const planned = await decisions({
      starts: [start(good.id), start(cancelled.id), start(late.id, held.id, other.id)],
      reservations: [reservation("r")],
    });
    await store.runs.cancel(store.teamId, cancelled.id);
    expect(await store.dispatch.commit(planned)).toEqual({
      deliveries: [{ runId: good.id, worker: "w", dispatch: 1 }],
      skipped: expect.arrayContaining([
        { runId: cancelled.id, reason: "The run is not QUEUED any more, or is held." },
        { runId: late.id, reason: "A device takes no new runs any more." },
      ]) as unknown[],
      preempted: [],
    });
    expect(await Promise.all([good, cancelled, late].map(({ id }) => stateOf(id)))).toEqual([
      "DISPATCHED",
      "CANCELLED",
      "QUEUED",
    ]);
    expect(await devicesOf(good.id)).toEqual([store.deviceId]);
    expect(await devicesOf(late.id)).toEqual([]);
    expect((await store.dispatch.snapshot()).reservations).toEqual([reservation("r")]);
    expect(await store.runs.get(store.teamId, good.id)).toMatchObject({
      waiting: { reason: { code: "starting", workerId: store.workerId } },
    });
    await store.runs.cancel(store.teamId, good.id);
    expect(await devicesOf(good.id)).toEqual([]);
    await store.runs.cancel(store.teamId, late.id);
    await store.workers.stop(other.id);
  });

  it("stores one of two plans that were made from one snapshot, and nothing of the other", async () => {
    const [a, b] = [await store.submit(), await store.submit()];
    const { number } = await store.dispatch.snapshot();
    const plans = [a, b].map(async ({ id }) =>
      store.dispatch.commit({ ...(await decisions({ starts: [start(id)] })), number }),
    );
    const committed = await Promise.all(plans);
    expect(committed.filter((each) => each !== undefined)).toHaveLength(1);
    const states = await Promise.all([a, b].map(({ id }) => stateOf(id)));
    expect(states.sort()).toEqual(["DISPATCHED", "QUEUED"]);
    for (const { id } of [a, b]) await store.runs.cancel(store.teamId, id);
  });

  it("stores nothing when it fails half-way", async () => {
    const { id } = await store.submit();
    const broken = {
      ...start(id),
      allocations: [{ deviceId: store.deviceId, reservedBytes: 0.5, units: 1 }],
    };
    const before = await store.dispatch.snapshot();
    await expect(
      store.dispatch.commit({
        ...(await decisions({ reservations: [reservation("x")] })),
        starts: [broken],
      }),
    ).rejects.toThrow("bigint");
    const after = await store.dispatch.snapshot();
    expect([after.number, after.reservations]).toEqual([before.number, before.reservations]);
    expect(await stateOf(id)).toBe("QUEUED");
    await store.runs.cancel(store.teamId, id);
  });

  it("loses no run when it races with cancels", async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => store.submit()));
    const planned = await decisions({ starts: runs.map(({ id }) => start(id)) });
    await Promise.all([
      store.dispatch.commit(planned),
      ...runs.slice(0, 10).map(({ id }) => store.runs.cancel(store.teamId, id)),
    ]);
    for (const [i, { id }] of runs.entries()) {
      expect(await stateOf(id)).toBe(i < 10 ? "CANCELLED" : "DISPATCHED");
      expect(await devicesOf(id)).toEqual(i < 10 ? [] : [store.deviceId]);
      if (i >= 10) await store.runs.cancel(store.teamId, id);
    }
  });

  it("stores why a run waits, and writes an event only when the reason is another one", async () => {
    const { id } = await store.submit();
    await store.settled();
    const after = await store.events.position();
    const explained = async (reason: WaitingReason, position: number) =>
      store.dispatch.commit(
        await decisions({
          waiting: [
            {
              runId: id,
              reason,
              position,
              unblockedBy: [{ by: "turn", ahead: position - 1 }],
              expectedStart: null,
            },
          ],
        }),
      );
    await explained({ code: "waiting-for-device", matching: 1, ahead: 3 }, 4);
    await explained({ code: "waiting-for-device", matching: 1, ahead: 1 }, 2);
    const { waiting } = await store.runs.get(store.teamId, id);
    expect(waiting).toEqual({
      reason: { code: "waiting-for-device", matching: 1, ahead: 1 },
      detail: "The device that serves is in use; 1 run before it.",
      position: 2,
      unblockedBy: [{ by: "turn", ahead: 1 }],
      since: expect.any(String) as string,
    });
    await explained({ code: "fair-share-behind", share: 0.9, fair: 0.5 }, 2);
    await store.settled();
    const { events } = await store.events.read(store.teamId, { after, runId: id });
    expect(events).toMatchObject([
      { type: "run.waiting", reason: { code: "waiting-for-device", ahead: 3 }, position: 4 },
      { type: "run.waiting", reason: { code: "fair-share-behind", share: 0.9 }, position: 2 },
    ]);
    await store.placed(id);
    expect(await store.sql("select run_id from run_waiting")).toEqual([]);
    await store.runs.cancel(store.teamId, id);
  });
});

describe("a run with devices", () => {
  it("is claimed only by their worker, and with exactly these devices", async () => {
    const other = await store.workers.register({ name: "other", host: "h", version: "0", devices: [cpu] });
    const { id } = await store.submit();
    await store.placed(id);
    expect(await store.leases.claim({ runId: id, workerId: other.id })).toBeUndefined();
    expect(await stateOf(id)).toBe("DISPATCHED");
    const claim = await store.leases.claim({ runId: id, workerId: store.workerId });
    expect(claim?.deviceIds).toEqual([store.deviceId]);
    await store.leases.giveBack(claim!.lease);
    expect(await devicesOf(id)).toEqual([]);
    await store.runs.cancel(store.teamId, id);
    await store.workers.stop(other.id);
  });

  it("goes back to the queue when its worker refuses it, and the scheduler avoids the device for a moment", async () => {
    const { id } = await store.submit();
    await store.placed(id);
    const claim = { runId: id, workerId: store.workerId, closed: [store.deviceId] };
    expect(await store.leases.claim(claim)).toBeUndefined();
    expect(await stateOf(id)).toBe("QUEUED");
    const states = async () => {
      await beat();
      return (await store.dispatch.snapshot()).devices.map(({ state }) => state);
    };
    expect(await states()).toEqual(["draining"]);
    await store.sql("update device set declined_until = now()");
    expect(await states()).toEqual(["schedulable"]);
    await store.runs.cancel(store.teamId, id);
  });

  it("is delivered again under a new number when no worker claims it, and goes back to the queue when that does not help", async () => {
    const { id } = await store.submit();
    await store.placed(id);
    expect(await store.dispatch.redeliver(30)).toEqual([]);
    await store.sql(
      "update run set delivered_at = now() - interval '31 s', dispatched_at = now() - interval '31 s' where id = $1",
      [id],
    );
    expect(await store.dispatch.redeliver(30)).toEqual([{ runId: id, worker: "w", dispatch: 2 }]);
    expect(await store.dispatch.redeliver(30)).toEqual([]);
    await beat();
    expect(await store.dispatch.recall(60)).toEqual([]);
    expect(await store.dispatch.recall(30)).toEqual([id]);
    expect(await stateOf(id)).toBe("QUEUED");
    await beat();
    expect((await store.dispatch.snapshot()).devices).toMatchObject([{ state: "draining" }]);
    await store.sql("update device set declined_until = null");
    await store.runs.cancel(store.teamId, id);
  });

  it("goes back to the queue when its worker is lost", async () => {
    const gone = await store.workers.register({ name: "gone", host: "h", version: "0", devices: [cpu] });
    const { id } = await store.submit();
    await store.dispatch.commit(await decisions({ starts: [start(id, gone.devices[0].id, gone.id)] }));
    await store.sql("update worker_pulse set seen_at = now() - interval '1 hour' where worker_id = $1", [
      gone.id,
    ]);
    expect(await store.workers.markLost(leaseTiming.lease, 0)).toEqual([gone.id]);
    expect(await store.dispatch.recall()).toEqual([id]);
    expect(await stateOf(id)).toBe("QUEUED");
    await store.runs.cancel(store.teamId, id);
    await store.workers.stop(gone.id);
  });
});

describe("a preemption", () => {
  let runId: string;
  let forRunId: string;
  let lease: { runId: string; attempt: number; workerId: string };
  beforeEach(async () => {
    ({ id: forRunId } = await store.submit());
    ({ id: runId } = await store.submit());
    ({ lease } = (await claimOn(store, { runId, workerId: store.workerId, deviceId: store.deviceId }))!);
    const preemptions = [{ runId, reason: "higher-class" as const, forRunId, graceMs: 120_000 }];
    const committed = await store.dispatch.commit(await decisions({ preemptions }));
    expect(committed?.preempted).toEqual([runId]);
    expect((await store.dispatch.commit(await decisions({ preemptions })))?.preempted).toEqual([]);
  });
  const orders = async () =>
    (await store.heartbeats.beat(store.workerId, { runs: [lease], measurements: [] }))!.runs[0];

  it("reaches the worker with the time that is left, and the attempt is not charged and says which steps were lost, and for which run", async () => {
    const { queuedAt } = await store.runs.get(store.teamId, runId);
    const answer = await orders();
    expect(answer).toMatchObject({ held: true, preempt: true, cancel: false });
    expect(answer.graceSeconds).toBeGreaterThan(60);
    expect(answer.graceSeconds).toBeLessThanOrEqual(120);
    const { running } = await store.dispatch.snapshot();
    expect(running.find(({ id }) => id === runId)?.stopsBy).toBeGreaterThan(Date.now());
    await store.metrics.append(lease, [{ name: "loss", step: 9, value: 1 }]);
    const stored = { location: `runs/${runId}/c`, bytes: 1, sha256: "0".repeat(64) };
    await store.leases.saveCheckpoint(lease, { step: 6, stored });
    await store.leases.giveBack(lease);
    expect(await store.runs.attempts(store.teamId, runId)).toMatchObject([
      {
        state: "PREEMPTED",
        checkpointStep: 6,
        preempted: { reason: "higher-class", forRunId },
        lostSteps: 3,
      },
    ]);
    const run = await store.runs.get(store.teamId, runId);
    expect(run).toMatchObject({ state: "QUEUED", queuedAt });
    const again = await store.claimed(runId);
    expect(again.checkpoint?.step).toBe(6);
    ({ lease } = again);
    expect(await orders()).toMatchObject({ preempt: false });
    await store.leases.cancelled(lease);
  });

  it("ends as a cancel when the run is being cancelled, and is forgotten when the run succeeds", async () => {
    await store.runs.cancel(store.teamId, runId);
    await store.leases.giveBack(lease);
    expect(await stateOf(runId)).toBe("CANCELLED");
    const other = await claimOn(store, {
      runId: forRunId,
      workerId: store.workerId,
      deviceId: store.deviceId,
    });
    await store.dispatch.commit(
      await decisions({ preemptions: [{ runId: forRunId, reason: "reclaim", forRunId: runId, graceMs: 1 }] }),
    );
    await store.leases.succeed(other!.lease, { result: { modelId: newId("model") } });
    expect(await store.runs.attempts(store.teamId, forRunId)).toMatchObject([{ state: "SUCCEEDED" }]);
  });
});

describe("leadership", () => {
  it("has one holder, moves on when it is released, and signals when its connection is cut", async () => {
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

it("the database charges each class, and lets usage decay, as the contract's table says", async () => {
  const charges = await store.sql<{ class: string; charge: number }>(
    "select class, class_charge(class) as charge from unnest($1::text[]) class",
    [Object.keys(classCharge)],
  );
  expect(Object.fromEntries(charges.map((row) => [row.class, row.charge]))).toEqual(classCharge);
  expect(await store.sql("select usage_half_life() * 1000 as ms")).toEqual([{ ms: usageHalfLifeMs }]);
});
