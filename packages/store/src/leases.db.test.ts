import { leaseTiming, maxLostAttempts, newId } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const lost = { code: "lease/lost" };
const expire = (runId: string) =>
  store.sql("update run set lease_until = now() - interval '1 second' where id = $1", [runId]);
const stateOf = async (runId: string) => (await store.runs.get(store.teamId, runId)).state;
const result = () => ({ modelId: newId("model") });

describe("a claim", () => {
  it("is won by exactly one of twenty workers that try at the same time", async () => {
    const { id } = await store.submit();
    await store.placed(id);
    const claims = await Promise.all(
      Array.from({ length: 20 }, () => store.leases.claim({ runId: id, workerId: store.workerId })),
    );
    expect(claims.filter((claim) => claim !== undefined).map(({ lease }) => lease.attempt)).toEqual([1]);
    expect(await store.runs.attempts(store.teamId, id)).toMatchObject([{ number: 1, state: "RUNNING" }]);
  });

  it("brings the run, its team and, after a first attempt, the furthest checkpoint", async () => {
    const { id, spec } = await store.submit();
    const first = await store.claimed(id);
    expect(first).toMatchObject({ teamId: store.teamId, run: { id, spec, state: "RUNNING", attempt: 1 } });
    expect(first).not.toHaveProperty("checkpoint");
    const stored = { location: `runs/${id}/a1/checkpoint`, bytes: 3, sha256: "0".repeat(64) };
    await store.leases.saveCheckpoint(first.lease, { step: 40, stored });
    await store.leases.giveBack(first.lease);
    const second = await store.claimed(id);
    expect(second).toMatchObject({ lease: { attempt: 2 }, checkpoint: { step: 40, stored }, smaller: false });
  });

  it("finds nothing in a run that waits, has ended or does not exist", async () => {
    const { id } = await store.submit();
    const waiting = await store.submit([id]);
    await store.runs.cancel(store.teamId, id);
    for (const runId of [id, waiting.id, newId("run")])
      expect(await store.leases.claim({ runId, workerId: store.workerId })).toBeUndefined();
  });
});

describe("a lease", () => {
  it("lasts 45 seconds on the database's clock, and again from each renewal", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const left = async () =>
      (
        await store.sql<{ left: number }>(
          "select extract(epoch from lease_until - now())::float8 as left from run where id = $1",
          [id],
        )
      )[0].left;
    expect(await left()).toBeGreaterThan(leaseTiming.lease - 5);
    await expire(id);
    expect(await store.beat(lease)).toMatchObject({ cancel: false });
    expect(await left()).toBeGreaterThan(leaseTiming.lease - 5);
    expect(await left()).toBeLessThanOrEqual(leaseTiming.lease);
  });

  it("brings progress in and carries the wish to cancel out", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const progress = { phase: "train", done: 3, total: 10, unit: "steps" };
    expect(await store.beat(lease, progress)).toMatchObject({ cancel: false });
    expect(await store.runs.cancel(store.teamId, id)).toMatchObject({ state: "RUNNING", progress });
    expect(await store.beat(lease)).toMatchObject({ cancel: true });
    await store.leases.cancelled(lease);
    expect(await stateOf(id)).toBe("CANCELLED");
    expect(await store.beat(lease)).toBeUndefined();
  });

  it("that has run out is swept, and the zombie's every write is refused", async () => {
    const { id } = await store.submit();
    const { lease: zombie } = await store.claimed(id);
    await expire(id);
    expect(await store.leases.sweepExpired(0)).toEqual([{ runId: id, attempt: 1, state: "QUEUED" }]);
    const { lease } = await store.claimed(id);

    const artifact = newId("artifact");
    const stored = { location: `runs/${id}/a1/x`, bytes: 1, sha256: "0".repeat(64) };
    expect(await store.beat(zombie)).toBeUndefined();
    await expect(
      store.leases.succeed(zombie, {
        result: result(),
        artifacts: [{ id: artifact, kind: "model-file", name: "x", stored }],
      }),
    ).rejects.toMatchObject(lost);
    await expect(store.artifacts.get(store.teamId, artifact)).rejects.toMatchObject({
      code: "resource/not-found",
    });
    await expect(store.leases.fail(zombie, problemOf("training/diverged"))).rejects.toMatchObject(lost);
    await expect(store.leases.cancelled(zombie)).rejects.toMatchObject(lost);
    await expect(store.leases.giveBack(zombie)).rejects.toMatchObject(lost);
    await expect(store.leases.saveCheckpoint(zombie, { step: 1, stored })).rejects.toMatchObject(lost);
    await expect(store.metrics.append(zombie, [{ name: "loss", step: 1, value: 1 }])).rejects.toMatchObject(
      lost,
    );
    await expect(store.logs.append(zombie, [{ level: "info", message: "boo" }])).rejects.toMatchObject(lost);

    await store.leases.succeed(lease, { result: result() });
    expect((await store.runs.attempts(store.teamId, id)).map(({ state }) => state)).toEqual([
      "LOST",
      "SUCCEEDED",
    ]);
  });

  it("that is alive is left alone, and nothing is swept while the database is young", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    expect(await store.leases.sweepExpired(0)).toEqual([]);
    await expire(id);
    expect(await store.leases.sweepExpired(86_400)).toEqual([]);
    expect(await store.beat(lease)).toMatchObject({ cancel: false });
  });
});

describe("an attempt without a result", () => {
  it("ends the run when the same input would fail again", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    const problem = problemOf("training/diverged", "The loss is NaN at step 3.");
    expect(await store.leases.fail(lease, problem)).toBe("FAILED");
    expect(await store.runs.get(store.teamId, id)).toMatchObject({ state: "FAILED", problem });
  });

  it("gets another one when the infrastructure failed, up to the limit", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= maxLostAttempts; number++) {
      const { lease } = await store.claimed(id);
      const state = await store.leases.fail(lease, problemOf("worker/child-crashed", "Signal SIGSEGV."));
      expect(state).toBe(number < maxLostAttempts ? "QUEUED" : "FAILED");
    }
    expect(await store.runs.get(store.teamId, id)).toMatchObject({
      problem: { code: "run/too-many-attempts", detail: expect.stringContaining("SIGSEGV") as string },
    });
  });

  it("is not counted while attempts save new checkpoints", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= 2 * maxLostAttempts; number++) {
      const { lease } = await store.claimed(id);
      const stored = { location: `runs/${id}/a${number}/c`, bytes: 1, sha256: "0".repeat(64) };
      await store.leases.saveCheckpoint(lease, { step: number, stored });
      expect(await store.leases.fail(lease, problemOf("worker/child-crashed"))).toBe("QUEUED");
    }
  });

  it("is not charged when it was given back", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= 2 * maxLostAttempts; number++)
      await store.leases.giveBack((await store.claimed(id)).lease);
    expect(await stateOf(id)).toBe("QUEUED");
  });

  it("that ran out of memory is tried once more with less", async () => {
    const { id } = await store.submit();
    const first = await store.claimed(id);
    expect(first.smaller).toBe(false);
    expect(await store.leases.fail(first.lease, problemOf("device/out-of-memory"))).toBe("QUEUED");
    const second = await store.claimed(id);
    expect(second.smaller).toBe(true);
    expect(await store.leases.fail(second.lease, problemOf("device/out-of-memory"))).toBe("FAILED");
  });

  it("ends the run as cancelled when that was asked for meanwhile", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.runs.cancel(store.teamId, id);
    await expire(id);
    expect(await store.leases.sweepExpired(0)).toEqual([{ runId: id, attempt: 1, state: "CANCELLED" }]);
    await expect(store.leases.fail(lease, problemOf("worker/lost"))).rejects.toMatchObject(lost);
  });
});
