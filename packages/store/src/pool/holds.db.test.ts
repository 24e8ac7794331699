import { newId } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimOn, place } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Finding } from "./holds.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const by = "key_1 (first)";
let names = 0;
/** A worker of its own for each test, with two devices. */
async function member(name = `m${++names}`) {
  const worker = await store.workers.register({
    name,
    host: "h",
    version: "0",
    devices: [0, 1].map((n) => ({
      ...cpu,
      address: `cuda:${n}`,
      identity: `cuda:GPU-${n}`,
      kind: "cuda" as const,
    })),
  });
  const [first, second] = worker.devices;
  return { name, id: worker.id, device: first.id, other: second.id };
}
const claim = (runId: string, workerId: string, deviceId: string) =>
  claimOn(store, { runId, workerId, deviceId });
const stateOf = async (runId: string) => (await store.runs.get(store.teamId, runId)).state;
const beat = (workerId: string, runs: { runId: string; attempt: number }[] = []) =>
  store.heartbeats.beat(workerId, { runs, measurements: [] });
const holdsOf = async (workerId: string, position = 0) =>
  (await store.workers.get(workerId)).devices[position].holds.map(({ cause }) => cause);
const events = async (name: string) =>
  (await store.workerEvents.list(name)).items
    .map(({ type, device, cause, by }) => [type, device, cause, by].filter(Boolean).join(" "))
    .reverse()
    .slice(1);
const foreign: Finding = { cause: "foreign-process", reason: "Not of the pool: python (process 7)." };
const errors = (count: number): Finding => ({ cause: "memory-error", reason: `${count} errors.`, count });

describe("a drain", () => {
  it("stops claims, reaches the worker, is done when its runs have ended, and writes an event for each change", async () => {
    const { name, id, device } = await member();
    const [first, second] = [await store.submit(), await store.submit()];
    const held = (await claim(first.id, id, device))!;
    await store.holds.drain(id, { by, reason: "New driver." });
    await store.holds.drain(id, { by });
    expect(await place(store, { runId: second.id, workerId: id, deviceIds: [device] })).toBeUndefined();
    expect(await stateOf(second.id)).toBe("QUEUED");
    expect(await beat(id, [held.lease])).toMatchObject({
      drain: { now: false, done: false },
      runs: [{ held: true, preempt: false }],
    });
    await store.holds.drained(id);
    expect((await store.workers.get(id)).drain).toEqual({
      since: expect.any(String) as string,
      now: false,
      reason: "New driver.",
      by,
    });
    await store.holds.drain(id, { by, atOnce: true });
    expect(await beat(id, [held.lease])).toMatchObject({ drain: { now: true }, runs: [{ preempt: true }] });
    await store.leases.giveBack(held.lease);
    await store.holds.drained(id);
    await store.holds.drained(id);
    expect((await store.workers.get(id)).drain).toMatchObject({
      now: true,
      doneAt: expect.any(String) as string,
    });
    await store.holds.resume(id, by);
    await store.holds.resume(id, by);
    expect(await beat(id)).not.toHaveProperty("drain");
    expect(await claim(second.id, id, device)).toBeDefined();
    expect(await events(name)).toEqual([
      `draining ${by}`,
      `draining ${by}`,
      "drained worker",
      `resumed ${by}`,
    ]);
  });

  it("belongs to the worker's name: it stays when the worker starts again, and does not touch others", async () => {
    const { name, id } = await member();
    const other = await member();
    await store.holds.drain(id, { by });
    await store.workers.stop(id);
    const again = await member(name);
    expect(await beat(again.id)).toMatchObject({ state: "ACTIVE", drain: { now: false } });
    const { id: runId } = await store.submit();
    expect(await claim(runId, again.id, again.device)).toBeUndefined();
    expect(await beat(other.id)).not.toHaveProperty("drain");
    expect(await claim(runId, other.id, other.device)).toBeDefined();
  });

  it("reaches a worker that registers at the same moment", async () => {
    const { name, id } = await member();
    await store.workers.stop(id);
    const [again] = await Promise.all([member(name), store.holds.drain(id, { by })]);
    expect(await beat(again.id)).toHaveProperty("drain");
  });

  it("is refused for an unknown worker", async () => {
    await expect(store.holds.drain(newId("worker"), { by })).rejects.toMatchObject({
      code: "resource/not-found",
    });
  });
});

describe("a cordon", () => {
  it("holds one device, stays after a restart, and the other device goes on", async () => {
    const { name, id, device, other } = await member();
    await store.holds.cordon(device, { by, reason: "Its fan is loud." });
    await store.holds.cordon(device, { by });
    const { id: runId } = await store.submit();
    expect(await claim(runId, id, device)).toBeUndefined();
    expect(await claim(runId, id, other)).toBeDefined();
    expect((await beat(id))?.holds).toEqual([{ deviceId: device, cause: "cordon" }]);
    await store.workers.stop(id);
    const again = await member(name);
    expect((await store.workers.get(again.id)).devices[0].holds).toEqual([
      { cause: "cordon", since: expect.any(String) as string, reason: "Its fan is loud.", by },
    ]);
    expect((await beat(again.id))?.holds).toEqual([{ deviceId: again.device, cause: "cordon" }]);
    await store.holds.uncordon(again.device, by);
    await store.holds.uncordon(again.device, by);
    expect(await holdsOf(again.id)).toEqual([]);
    expect((await events(name)).filter((each) => each !== "registered worker")).toEqual([
      `held cuda:0 cordon ${by}`,
      "stopped worker",
      `released cuda:0 cordon ${by}`,
    ]);
  });

  it("does not stop claims on a device of another worker", async () => {
    const [one, two] = [await member(), await member()];
    const { id: runId } = await store.submit();
    expect(await claim(runId, one.id, two.device)).toBeUndefined();
    expect(await claim(runId, one.id, newId("device"))).toBeUndefined();
    expect(await claim(runId, two.id, two.device)).toBeDefined();
  });
});

describe("what a worker finds", () => {
  it("holds the device and ends by itself, with one event each time", async () => {
    const { name, id, device } = await member();
    for (const findings of [[foreign], [foreign], [], []]) await store.holds.report(device, findings);
    expect(await holdsOf(id)).toEqual([]);
    await store.holds.report(device, [foreign]);
    expect((await store.workers.get(id)).devices[0].holds[0]).toMatchObject({
      reason: foreign.reason,
      by: "worker",
    });
    expect(await events(name)).toEqual([
      "held cuda:0 foreign-process worker",
      "released cuda:0 foreign-process worker",
      "held cuda:0 foreign-process worker",
    ]);
  });

  it("stays after a fault until an operator ends it", async () => {
    const { id, device } = await member();
    await store.holds.report(device, [{ cause: "vanished", reason: "It is gone." }, foreign]);
    await store.holds.report(device, []);
    expect(await holdsOf(id)).toEqual(["vanished"]);
    await store.holds.uncordon(device, by);
    expect(await holdsOf(id)).toEqual([]);
    await store.holds.report(device, [{ cause: "vanished", reason: "It is gone." }]);
    expect(await holdsOf(id)).toEqual(["vanished"]);
  });

  it("stays when an operator cannot end it: a foreign process is there until it has ended", async () => {
    const { id, device } = await member();
    await store.holds.report(device, [foreign]);
    await store.holds.uncordon(device, by);
    expect(await holdsOf(id)).toEqual(["foreign-process"]);
  });

  it("counts memory errors from those that an operator has accepted, across restarts", async () => {
    const { name, id, device } = await member();
    await store.holds.report(device, [errors(3)], 3);
    expect(await holdsOf(id)).toEqual(["memory-error"]);
    await store.holds.uncordon(device, by);
    expect(await holdsOf(id)).toEqual([]);
    expect((await beat(id))?.holds).toEqual([{ deviceId: device, cause: "memory-error", accepted: 3 }]);
    await store.holds.report(device, [errors(3)], 3);
    expect(await holdsOf(id)).toEqual([]);
    await store.workers.stop(id);
    const again = await member(name);
    await store.holds.report(again.device, [errors(4)], 4);
    expect(await holdsOf(again.id)).toEqual(["memory-error"]);
    await store.holds.uncordon(again.device, by);
    // The driver was loaded anew and counts from zero: one error is one too many.
    await store.holds.report(again.device, [], 0);
    expect((await beat(again.id))?.holds).toEqual([]);
    await store.holds.report(again.device, [errors(1)], 1);
    expect(await holdsOf(again.id)).toEqual(["memory-error"]);
  });
});

describe("the scheduler", () => {
  it("sees why devices take no runs, and takes back the runs that were dispatched to them", async () => {
    const { id, device, other } = await member();
    const running = await store.submit();
    await claim(running.id, id, device);
    await beat(id);
    const states = async () =>
      (await store.dispatch.snapshot()).devices.flatMap(({ workerId, state }) =>
        workerId === id ? [state] : [],
      );
    expect(await states()).toEqual(["schedulable", "schedulable"]);
    await store.holds.cordon(device, { by });
    expect((await states()).sort()).toEqual(["cordoned", "schedulable"]);
    const waiting = await store.submit();
    await place(store, { runId: waiting.id, workerId: id, deviceIds: [other] });
    await beat(id);
    expect(await store.dispatch.recall()).toEqual([]);
    await store.holds.report(other, [foreign]);
    expect((await states()).sort()).toEqual(["cordoned", "draining"]);
    expect(await store.dispatch.recall()).toEqual([waiting.id]);
    expect(await stateOf(running.id)).toBe("RUNNING");
    expect(await store.sql("select device_id from run_device where run_id = $1", [waiting.id])).toEqual([]);
  });
});

describe("a team", () => {
  it("sees that a device is busy, and sees the run only when it is its own", async () => {
    const { id, device } = await member();
    const { id: runId } = await store.submit();
    await claim(runId, id, device);
    const stranger = await store.teams.ensure("strangers");
    expect((await store.workers.get(id, store.teamId)).devices[0]).toMatchObject({
      busy: true,
      runIds: [runId],
    });
    const [seen] = (await store.workers.get(id, stranger.id)).devices;
    expect(seen.busy).toBe(true);
    expect(seen.runIds).toEqual([]);
    expect(JSON.stringify(await store.workers.list(stranger.id))).not.toContain(runId);
  });
});

it("events of workers come in pages, newest first, and are deleted when they are old", async () => {
  const { id, name, device } = await member();
  for (let i = 0; i < 3; i++) {
    await store.holds.cordon(device, { by });
    await store.holds.uncordon(device, by);
  }
  const first = await store.workerEvents.list(name, { limit: 4 });
  expect(first.items.map(({ type }) => type)).toEqual(["released", "held", "released", "held"]);
  const rest = await store.workerEvents.list(name, { limit: 4, cursor: first.cursor! });
  expect(rest.items.map(({ type }) => type)).toEqual(["released", "held", "registered"]);
  expect(rest).not.toHaveProperty("cursor");
  await expect(store.workerEvents.list(name, { cursor: "x" })).rejects.toMatchObject({
    code: "request/invalid",
  });
  await store.sql("update worker_event set at = now() - interval '91 days' where worker_name = $1", [name]);
  expect(await store.workerEvents.sweep()).toBe(7);
  expect((await store.workers.get(id)).name).toBe(name);
});
