import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, newId } from "@espalier/contract";
import type { Hint } from "@espalier/store";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { claimOn } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";

let store: TestStore;
let worker: { id: string; devices: { id: string }[] };
let names = 0;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());
beforeEach(async () => {
  worker = await store.workers.register({
    name: `h${++names}`,
    host: "h",
    version: "0",
    devices: [0, 1, 2].map((n) => ({
      ...cpu,
      address: `cuda:${n}`,
      identity: `cuda:GPU-${n}`,
      kind: "cuda" as const,
    })),
  });
});

async function running(position: number) {
  const { id: runId } = await store.submit();
  const claimed = await claimOn(store, {
    runId,
    workerId: worker.id,
    deviceId: worker.devices[position].id,
  });
  return claimed!.lease;
}
const beat = (runs: { runId: string; attempt: number }[], measurements: object[] = []) =>
  store.heartbeats.beat(worker.id, { runs, measurements });
/** The leases that the claims gave are over; only heartbeats keep the runs. */
const claimsOver = () => store.sql("update run set lease_until = now() where state = 'RUNNING'");
/** As if the last heartbeat of the worker were so old. */
const silentFor = (seconds: number) =>
  store.sql("update worker_pulse set seen_at = now() - make_interval(secs => $2) where worker_id = $1", [
    worker.id,
    seconds,
  ]);
/** Of these, whose lease has ended. */
const swept = async (leases: readonly { runId: string }[]) => {
  const ended = new Set((await store.leases.sweepExpired(0)).map(({ runId }) => runId));
  return leases.filter(({ runId }) => ended.has(runId));
};
const until = async (holds: () => boolean | Promise<boolean>) => {
  for (const end = Date.now() + 10_000; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error("it did not happen");
};
describe("a heartbeat", () => {
  it("renews every lease, stores progress and measurements, and answers for each run", async () => {
    const leases = [await running(0), await running(1), await running(2)];
    await store.runs.cancel(store.teamId, leases[1].runId);
    expect(await store.leases.preempt(leases[2].runId)).toBe(true);
    const progress = { phase: "train", done: 1, total: 2, unit: "steps" };
    const answer = await beat([{ ...leases[0], progress }, leases[1], leases[2]] as never, [
      { freeBytes: 5e8, utilization: 97.4, temperature: 61 },
      {},
      { freeBytes: 1 },
    ]);
    const plain = { held: true, cancel: false, preempt: false };
    expect(answer).toEqual({
      state: "ACTIVE",
      at: expect.any(Number) as number,
      holds: [],
      runs: [
        { runId: leases[0].runId, attempt: 1, ...plain },
        { runId: leases[1].runId, attempt: 1, ...plain, cancel: true },
        { runId: leases[2].runId, attempt: 1, ...plain, preempt: true },
      ],
    });
    expect((await store.runs.get(store.teamId, leases[0].runId)).progress).toEqual(progress);
    expect((await store.runs.get(store.teamId, leases[1].runId)).progress).toBeUndefined();
    expect((await store.workers.get(worker.id)).devices.map(({ measured }) => measured)).toEqual([
      { freeBytes: 5e8, utilization: 97, temperature: 61 },
      undefined,
      { freeBytes: 1 },
    ]);
  });

  it("answers that a run is not the worker's, and renews the others", async () => {
    const mine = await running(0);
    const ended = await running(1);
    await store.leases.giveBack(ended);
    const others = await store.claimed((await store.submit()).id);
    const answer = await beat([
      { runId: newId("run"), attempt: 1 },
      ended,
      others.lease,
      { runId: mine.runId, attempt: 7 },
      { runId: "not even an id", attempt: -1 },
      mine,
    ]);
    expect(answer?.runs.map(({ held }) => held)).toEqual([false, false, false, false, false, true]);
  });

  it("renews the leases of the attempts that it names, for as long as a lease lasts, and of no others", async () => {
    const [named, dropped, older] = [await running(0), await running(1), await running(2)];
    await beat([named, dropped, older]);
    await claimsOver();
    const all = [named, dropped, older];
    expect(await swept(all)).toEqual([]);
    await beat([named, { ...older, attempt: older.attempt - 1 }]);
    expect(await swept(all)).toEqual([dropped, older]);
    await silentFor(leaseTiming.lease - 5);
    expect(await swept(all)).toEqual([]);
    await silentFor(leaseTiming.lease + 1);
    expect(await swept(all)).toEqual([named]);
  });

  it("renews the lease of a run that another transaction is changing, and stores its progress", async () => {
    const [busy, free] = [await running(0), await running(1)];
    const progress = { phase: "train", done: 1, total: 2, unit: "steps" };
    await claimsOver();
    await store.transaction(async (tx) => {
      await tx.query("select from run where id = $1 for update", [busy.runId]);
      const answer = await beat([
        { ...busy, progress },
        { ...free, progress },
      ] as never);
      expect(answer?.runs).toMatchObject([{ held: true }, { held: true }]);
    });
    expect(await swept([busy, free])).toEqual([]);
    expect((await store.runs.get(store.teamId, busy.runId)).progress).toEqual(progress);
  });

  it("renews the leases also when its measurements cannot be true", async () => {
    const lease = await running(0);
    const answer = await beat(
      [lease],
      [
        { freeBytes: Number.NaN, utilization: 1e9, temperature: Infinity },
        { freeBytes: -1, utilization: -1 },
        { freeBytes: 2 ** 60 },
      ],
    );
    expect(answer?.runs).toMatchObject([{ held: true }]);
    expect((await store.workers.get(worker.id)).devices.map(({ measured }) => measured)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("writes no event and sends no notification when only the lease has changed", async () => {
    const lease = await running(0);
    const progress = { phase: "train", done: 1, total: 2, unit: "steps" };
    await beat([{ ...lease, progress }] as never);
    await store.settled();
    const after = await store.events.position();
    const hints: string[] = [];
    const unsubscribe = store.events.subscribe(({ runId }) => hints.push(runId));
    await until(() => hints.length > 0);
    await beat([lease]);
    await beat([{ ...lease, progress }] as never);
    const { id } = await store.submit();
    await until(() => hints.includes(id));
    unsubscribe();
    await store.settled();
    expect((await store.events.read(store.teamId, { after })).events).toMatchObject([{ state: "QUEUED" }]);
    expect(hints).not.toContain(lease.runId);
  });

  it("notifies of new progress once, and progress that is too long for a notification costs no lease", async () => {
    const hints: Hint[] = [];
    const unsubscribe = store.events.subscribe((hint) => hints.push(hint));
    await until(async () => {
      const { id } = await store.submit();
      await sleep(20);
      return hints.some(({ runId }) => runId === id);
    });
    const [one, two] = [await running(0), await running(1)];
    const progress = { phase: "train\n", done: 1, total: 2, unit: "steps" };
    const tooLong = { ...progress, phase: "x".repeat(9000) };
    for (let n = 0; n < 2; n++) {
      const answer = await beat([
        { ...one, progress },
        { ...two, progress: tooLong },
      ] as never);
      expect(answer?.runs).toMatchObject([{ held: true }, { held: true }]);
    }
    expect((await store.runs.get(store.teamId, two.runId)).progress).toEqual(tooLong);
    await beat([{ ...one, progress: { ...progress, done: 2 } }] as never);
    await until(() => hints.some((hint) => hint.progress?.progress.done === 2));
    unsubscribe();
    const progressHint = (done: number) => ({
      teamId: store.teamId,
      runId: one.runId,
      what: "progress",
      progress: {
        type: "run.progress",
        at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        runId: one.runId,
        attempt: 1,
        progress: { ...progress, done },
      },
    });
    expect(hints.filter(({ what }) => what === "progress")).toEqual([progressHint(1), progressHint(2)]);
  });

  it("rewrites rows in place, so that no index changes", async () => {
    const lease = await running(0);
    const [before] = await updates();
    for (let i = 0; i < 50; i++) await beat([lease], [{ freeBytes: i }]);
    // The server counts with a delay of a second, when there is something to count.
    await until(async () => Boolean(await beat([lease])) && (await updates())[0].all >= before.all + 50);
    const [after] = await updates();
    expect((after.hot - before.hot) / (after.all - before.all)).toBeGreaterThan(0.9);
  });
});

const updates = () =>
  store.sql<{ all: number; hot: number }>(
    `select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'worker_pulse'`,
  );
