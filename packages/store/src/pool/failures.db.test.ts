import { maxCrashes, Problem, type ProblemCode } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimOn } from "../../../../test/servers/place.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { Claim } from "../attempts/leases.ts";

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
  await store.workers.stop(store.workerId);
});
afterAll(() => store.discard());

interface Member {
  name: string;
  id: string;
  /** Ids of its devices. */
  devices: string[];
}
let names = 0;
async function member(devices = 1, name = `w${++names}`): Promise<Member> {
  const worker = await store.workers.register({
    name,
    host: "h",
    version: "0",
    devices: Array.from({ length: devices }, (_, n) => ({
      ...cpu,
      address: `cpu:${n}`,
      identity: `cpu:${n}`,
    })),
  });
  return { name, id: worker.id, devices: worker.devices.map(({ id }) => id) };
}
/** No other worker is there any more, so that each test has a pool of its own. */
const leave = async (...members: Member[]) => {
  for (const { id } of members) await store.workers.stop(id);
};

const submit = async () => (await store.submit()).id;
async function start(runId: string, { id, devices }: Member, device = 0): Promise<Claim> {
  const claim = await claimOn(store, { runId, workerId: id, deviceId: devices[device] });
  expect(claim).toBeDefined();
  return claim!;
}
async function fail(
  runId: string,
  where: Member,
  code: ProblemCode = "worker/child-crashed",
  device = 0,
): Promise<string> {
  const { lease } = await start(runId, where, device);
  return store.leases.fail(lease, new Problem(code, "Signal SIGILL.").toDocument());
}
async function succeed(runId: string, where: Member, device = 0): Promise<void> {
  const { lease } = await start(runId, where, device);
  await store.leases.succeed(lease, { result: { kind: "model", modelId: "mdl_1" } as never });
}
const holdsOf = async ({ id }: Member) =>
  (await store.workers.get(id)).devices.map(({ holds }) => holds.map(({ cause }) => cause).join(" "));
const test = (where: Member, passed: boolean, device = 0) =>
  store.holds.tested(where.devices[device], { passed, reason: passed ? "It passed." : "It failed." });
const stateOf = async (runId: string) => (await store.runs.get(store.teamId, runId)).state;

describe("a device", () => {
  it("is held after two different runs failed on it one after another, for a reason that says which, and until a test passes", async () => {
    const bad = await member();
    const [first, second] = [await submit(), await submit()];
    await fail(first, bad);
    await fail(first, bad);
    expect(await holdsOf(bad)).toEqual([""]);
    await fail(second, bad, "worker/disk-full");
    const [{ holds }] = (await store.workers.get(bad.id)).devices;
    expect(holds).toMatchObject([{ cause: "failures", by: "service" }]);
    expect(holds[0].reason).toBe(
      `2 runs in a row failed on it, the last ones: ${first}: Signal SIGILL. | ${second}: Signal SIGILL.`,
    );
    const beat = () => store.heartbeats.beat(bad.id, { runs: [], measurements: [] });
    expect((await beat())!.holds).toEqual([{ deviceId: bad.devices[0], cause: "failures", times: 1 }]);
    await test(bad, false);
    expect((await store.workers.get(bad.id)).devices[0].holds[0].reason).toMatch(
      /SIGILL\. Self-test: It failed\.$/,
    );
    await test(bad, false);
    expect((await store.workers.get(bad.id)).devices[0].holds[0].reason.match(/Self-test/g)).toHaveLength(1);
    await test(bad, true);
    await test(bad, true);
    expect(await holdsOf(bad)).toEqual([""]);
    expect((await beat())!.holds).toEqual([]);
    const events = (await store.workerEvents.list(bad.name)).items;
    expect(events.map(({ type, by, reason }) => [type, by, type === "released" ? reason : ""])).toEqual([
      ["released", "worker", "It passed."],
      ["held", "service", ""],
      ["registered", "worker", ""],
    ]);
    // What led to the first hold is forgotten, but not that there was one.
    await fail(first, bad);
    expect(await holdsOf(bad)).toEqual([""]);
    await fail(second, bad);
    expect((await beat())!.holds).toMatchObject([{ times: 2 }]);
    await store.holds.uncordon(bad.devices[0], "key_1");
    await succeed(await submit(), bad);
    await fail(first, bad);
    await fail(await submit(), bad);
    expect((await beat())!.holds).toMatchObject([{ times: 1 }]);
    await leave(bad);
  });

  it("is not held again for attempts that began before it passed a test", async () => {
    const bad = await member();
    const leases: Claim["lease"][] = [];
    for (let i = 0; i < 4; i++) leases.push((await start(await submit(), bad)).lease);
    const crash = (some: typeof leases) =>
      Promise.all(
        some.map((lease) =>
          store.leases.fail(lease, new Problem("worker/child-crashed", "Signal SIGILL.").toDocument()),
        ),
      );
    await crash(leases.slice(0, 2));
    expect(await holdsOf(bad)).toEqual(["failures"]);
    await test(bad, true);
    await crash(leases.slice(2));
    expect(await holdsOf(bad)).toEqual([""]);
    await fail(await submit(), bad);
    await fail(await submit(), bad);
    expect(await holdsOf(bad)).toEqual(["failures"]);
    await leave(bad);
  });

  it("is not held when a run succeeds in between, nor for wrong data, too little memory or a server that is away", async () => {
    const good = await member();
    const [first, second] = [await submit(), await submit()];
    await fail(first, good);
    await succeed(await submit(), good);
    await fail(second, good);
    expect(await holdsOf(good)).toEqual([""]);
    await succeed(await submit(), good);
    for (const code of [
      "dataset/malformed",
      "training/diverged",
      "device/out-of-memory",
      "hub/unavailable",
      "service/unavailable",
    ] as const)
      for (let n = 0; n < 3; n++) await fail(await submit(), good, code);
    expect(await holdsOf(good)).toEqual([""]);
    expect(await store.sql("select from device_failure where worker_name = $1", [good.name])).toEqual([]);
    await leave(good);
  });

  it("is not held for runs that its worker lost together, but when the next one of its name loses one too", async () => {
    const worker = await member(2);
    const lose = async (where: Member, devices: number[]) => {
      for (const device of devices) await start(await submit(), where, device);
      await store.sql(
        "update run set lease_until = now() - interval '1 s' where lease_owner = $1 and state = 'RUNNING'",
        [where.id],
      );
      expect(await store.leases.sweepExpired(0)).toHaveLength(devices.length);
      await leave(where);
    };
    await lose(worker, [0, 1]);
    expect(await holdsOf(worker)).toEqual(["", ""]);
    const next = await member(2, worker.name);
    await lose(next, [1]);
    expect(await holdsOf(next)).toEqual(["", "failures"]);
  });
});

describe("a worker", () => {
  it("is held with all its devices when failures spread over them, unless a run has succeeded on it meanwhile", async () => {
    const bad = await member(3);
    await fail(await submit(), bad, "worker/child-crashed", 0);
    await succeed(await submit(), bad, 2);
    await fail(await submit(), bad, "worker/child-crashed", 1);
    expect(await holdsOf(bad)).toEqual(["", "", ""]);
    await fail(await submit(), bad, "worker/child-crashed", 2);
    expect(await holdsOf(bad)).toEqual(["failures", "failures", "failures"]);
    expect((await store.workers.get(bad.id)).devices[0].holds[0].reason).toMatch(
      `2 runs in a row failed on devices of worker ${bad.name}`,
    );
    await test(bad, true, 1);
    expect(await holdsOf(bad)).toEqual(["failures", "", "failures"]);
    await leave(bad);
  });
});

describe("a run", () => {
  it("is poison only after crashes on different workers, or on the only one that could take it", async () => {
    const [one, two] = [await member(), await member()];
    const runId = await submit();
    for (let n = 0; n <= maxCrashes; n++) expect(await fail(runId, one)).toBe("QUEUED");
    expect(await fail(runId, two)).toBe("QUARANTINED");
    await leave(two);
    const alone = await submit();
    for (let n = 1; n < maxCrashes; n++) expect(await fail(alone, one)).toBe("QUEUED");
    expect(await fail(alone, one)).toBe("QUARANTINED");
    await leave(one);
  });

  it("does not pay for crashes on a device that is held for failures, unless that device passes its first test", async () => {
    const [bad, good, third] = [await member(), await member(), await member()];
    for (const passed of [false, true]) {
      const [first, second] = [await submit(), await submit()];
      await fail(first, bad);
      await fail(second, bad);
      await succeed(await submit(), good);
      // Undecided: it does not count now.
      for (let n = 1; n < maxCrashes; n++) expect(await fail(first, good)).toBe("QUEUED");
      if (!passed) await test(bad, false);
      await test(bad, true);
      expect(await fail(first, third)).toBe("QUARANTINED");
      expect(await fail(second, good)).toBe("QUEUED");
      expect(await fail(second, third)).toBe(passed ? "QUARANTINED" : "QUEUED");
      await succeed(await submit(), good);
      await succeed(await submit(), third);
    }
    await leave(bad, good, third);
  });

  it("that fails on one worker after another has nothing counted against them any more", async () => {
    const members = [await member(), await member()];
    const [poison, innocent] = [await submit(), await submit()];
    await fail(poison, members[0]);
    await fail(poison, members[1]);
    for (const each of members) await fail(innocent, each);
    expect(await Promise.all(members.map(holdsOf))).toEqual([[""], [""]]);
    await leave(...members);
  });

  it("avoids where it failed, until a person retries it", async () => {
    const bad = await member();
    const runId = await submit();
    const avoids = async () =>
      (await store.dispatch.snapshot()).queued.find(({ id }) => id === runId)!.avoids?.places;
    await fail(runId, bad, "hub/unavailable");
    expect(await avoids()).toBeUndefined();
    await fail(runId, bad);
    expect(new Set(await avoids())).toEqual(new Set([bad.id, bad.devices[0]]));
    await store.runs.cancel(store.teamId, runId);
    await store.runs.retry(store.teamId, runId);
    expect(await avoids()).toBeUndefined();
    expect(await stateOf(runId)).toBe("QUEUED");
    await leave(bad);
  });
});
