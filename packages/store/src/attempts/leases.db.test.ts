import { leaseTiming, maxCrashes, maxInfrastructureFailures, newId } from "@espalier/contract";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestStore, problemOf, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
// What a test has failed says nothing about the device in the next one.
beforeEach(async () => {
  await store.sql("delete from device_failure");
  await store.sql("delete from device_hold");
});
afterAll(() => store.discard());

const lost = { code: "lease/lost" };
/** Ends the lease that the claim gave; no heartbeat has renewed it. */
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

  it("returns the run, its team and, after a first attempt, the furthest checkpoint", async () => {
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
  it("lasts 45 seconds on the database's clock from its claim, and goes on with each renewal", async () => {
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
    expect(await left()).toBeLessThanOrEqual(leaseTiming.lease);
    await expire(id);
    expect(await store.beat(lease)).toMatchObject({ cancel: false });
    expect(await store.leases.sweepExpired(0)).toEqual([]);
    await store.leases.cancelled(lease);
  });

  it("stores progress, and answers that a cancel was requested", async () => {
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

  it("is ended by the sweep when it has expired, and every later write of its worker is refused", async () => {
    const { id } = await store.submit();
    const { lease: zombie } = await store.claimed(id);
    await expire(id);
    expect(await store.leases.sweepExpired(0)).toEqual([{ runId: id, attempt: 1, state: "QUEUED" }]);
    const worker = { name: "w", host: "here" };
    expect(await store.runs.get(store.teamId, id)).toMatchObject({ worker });
    expect(await store.runs.attempts(store.teamId, id)).toMatchObject([{ state: "LOST", worker }]);
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

  it("stays while it is renewed, and no lease is swept soon after the start of the database", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    expect(await store.leases.sweepExpired(0)).toEqual([]);
    await expire(id);
    expect(await store.leases.sweepExpired(86_400)).toEqual([]);
    expect(await store.beat(lease)).toMatchObject({ cancel: false });
    await store.leases.cancelled(lease);
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

  it("is followed by another one when the pool has failed, up to a limit, and each says why it ended", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= maxInfrastructureFailures; number++) {
      const { lease } = await store.claimed(id);
      const state = await store.leases.fail(lease, problemOf("service/unavailable", "No space."));
      expect(state).toBe(number < maxInfrastructureFailures ? "QUEUED" : "FAILED");
    }
    expect(await store.runs.get(store.teamId, id)).toMatchObject({
      failure: "infrastructure",
      problem: { code: "run/too-many-attempts", detail: expect.stringContaining("No space.") as string },
    });
    const attempts = await store.runs.attempts(store.teamId, id);
    for (const attempt of attempts)
      expect(attempt).toMatchObject({ deviceId: store.deviceId, failure: "infrastructure" });
  });

  it("is tried again at once after the first failure of the pool, and later after the next one", async () => {
    const { id } = await store.submit();
    const ready = async () => {
      const { queued, now } = await store.dispatch.snapshot();
      return (queued.find((run) => run.id === id)!.notBefore ?? 0) <= now;
    };
    await store.leases.fail((await store.claimed(id)).lease, problemOf("service/unavailable"));
    expect(await ready()).toBe(true);
    await store.leases.fail((await store.claimed(id)).lease, problemOf("service/unavailable"));
    expect(await ready()).toBe(false);
    await store.sql("update run set not_before = now() where id = $1", [id]);
    expect(await ready()).toBe(true);
  });

  it("quarantines a run that crashes again and again, until a person retries it", async () => {
    const after = await store.events.position();
    const { id } = await store.submit();
    const dependent = await store.submit([id]);
    const crash = async () =>
      store.leases.fail(
        (await store.claimed(id)).lease,
        problemOf("worker/child-crashed", "Signal SIGSEGV."),
      );
    const crashes = [];
    for (let number = 1; number <= maxCrashes; number++) crashes.push(await crash());
    expect(crashes).toEqual(["QUEUED", "QUEUED", "QUARANTINED"]);
    expect(await store.runs.get(store.teamId, id)).toMatchObject({
      state: "QUARANTINED",
      failure: "poison",
      problem: { code: "run/quarantined", detail: expect.stringContaining("SIGSEGV") as string },
    });
    expect(await stateOf(dependent.id)).toBe("SKIPPED");
    expect(await store.leases.claim({ runId: id, workerId: store.workerId })).toBeUndefined();

    await store.settled();
    const { events } = await store.events.read(store.teamId, { after, limit: 1000 });
    const failures = events.flatMap((event) =>
      event.type === "run.state" && event.runId === id && event.failure
        ? [`${event.state} ${event.failure}`]
        : [],
    );
    expect(failures).toEqual(["QUEUED crash", "QUEUED crash", "QUARANTINED poison"]);

    expect(await store.runs.retry(store.teamId, id)).toMatchObject({ state: "QUEUED" });
    expect(await store.runs.get(store.teamId, id)).not.toHaveProperty("failure");
    expect(await stateOf(dependent.id)).toBe("WAITING");
    expect([await crash(), await crash(), await crash()]).toEqual(["QUEUED", "QUEUED", "QUARANTINED"]);
  });

  it("is not counted while attempts save new checkpoints", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= 2 * maxCrashes; number++) {
      const { lease } = await store.claimed(id);
      const stored = { location: `runs/${id}/a${number}/c`, bytes: 1, sha256: "0".repeat(64) };
      await store.leases.saveCheckpoint(lease, { step: number, stored });
      expect(await store.leases.fail(lease, problemOf("worker/child-crashed"))).toBe("QUEUED");
    }
  });

  it("is not charged when it was given back", async () => {
    const { id } = await store.submit();
    for (let number = 1; number <= 2 * maxCrashes; number++)
      await store.leases.giveBack((await store.claimed(id)).lease);
    expect(await stateOf(id)).toBe("QUEUED");
  });

  it("is tried once more with less memory after it ran out of memory, and with all of it when a person asks for it", async () => {
    const { id } = await store.runs.submit({
      teamId: store.teamId,
      spec: { kind: "train", model: newId("model"), datasetId: newId("dataset") },
    });
    const first = await store.claimed(id);
    expect(first.smaller).toBe(false);
    expect(await store.leases.fail(first.lease, problemOf("device/out-of-memory"))).toBe("QUEUED");
    const second = await store.claimed(id);
    expect(second.smaller).toBe(true);
    expect(await store.leases.fail(second.lease, problemOf("device/out-of-memory"))).toBe("FAILED");
    expect((await store.runs.get(store.teamId, id)).problem!.detail).toContain(
      "1024 tokens and again with 512",
    );
    await store.runs.retry(store.teamId, id);
    expect((await store.claimed(id)).smaller).toBe(false);
  });

  it("ends the run as cancelled when a cancel was requested before", async () => {
    const { id } = await store.submit();
    const { lease } = await store.claimed(id);
    await store.runs.cancel(store.teamId, id);
    await expire(id);
    // On a slow machine leases of other tests have ended, too.
    expect(await store.leases.sweepExpired(0)).toContainEqual({ runId: id, attempt: 1, state: "CANCELLED" });
    await expect(store.leases.fail(lease, problemOf("worker/lost"))).rejects.toMatchObject(lost);
  });
});
