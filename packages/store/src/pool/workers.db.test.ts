import { newId } from "@espalier/contract";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { migrationLock } from "../database/migrate.ts";
import type { NewWorker } from "./registration.ts";

let store: TestStore;
beforeAll(async () => void (store = await openTestStore()));
afterAll(() => store.discard());

const silence = (workerId: string, seconds = 60) =>
  store.sql("update worker_pulse set seen_at = now() - make_interval(secs => $2) where worker_id = $1", [
    workerId,
    seconds,
  ]);
const beat = (workerId: string) => store.heartbeats.beat(workerId, { runs: [], measurements: [] });
const worker = (name: string, more: Partial<NewWorker> = {}): NewWorker => ({
  name,
  host: "h",
  version: "0",
  devices: [cpu],
  ...more,
});
const eventsOf = async (name: string) =>
  (await store.workerEvents.list(name)).items.map(({ type }) => type).reverse();

describe("a worker", () => {
  it("becomes LOST when it is silent, which takes its devices out of the pool, and returns with its next sign of life", async () => {
    await silence(store.workerId);
    expect(await store.workers.markLost(45, 86_400)).toEqual([]);
    expect(await store.workers.markLost(45, 0)).toEqual([store.workerId]);
    expect((await store.dispatch.snapshot()).devices).toMatchObject([{ state: "lost" }]);
    expect(await beat(store.workerId)).toMatchObject({ state: "LOST" });
    expect(await store.workers.revive(store.workerId)).toBe("ACTIVE");
    expect((await store.dispatch.snapshot()).devices).toMatchObject([{ state: "schedulable" }]);
    expect(await eventsOf("w")).toEqual(["registered", "lost", "returned"]);
  });

  it("stays STOPPED when it has stopped, and is not found when it is unknown", async () => {
    const { id } = await store.workers.register(worker("x"));
    await store.workers.stop(id);
    expect(await store.workers.revive(id)).toBe("STOPPED");
    expect(await beat(id)).toMatchObject({ state: "STOPPED" });
    expect((await store.workers.list()).find((each) => each.id === id)?.state).toBe("STOPPED");
    expect(await beat(newId("worker"))).toBeUndefined();
    await expect(store.workers.get(newId("worker"))).rejects.toMatchObject({ code: "resource/not-found" });
  });

  it("is listed with what it declares, once for each name", async () => {
    const first = await store.workers.register(worker("named", { labels: { zone: "a" } }));
    await store.workers.stop(first.id);
    const second = await store.workers.register(
      worker("named", {
        labels: { zone: "b", "team-only": "nlp" },
        devices: [
          cpu,
          {
            address: "cuda:0",
            identity: "cuda:GPU-1",
            kind: "cuda",
            name: "NVIDIA H100 80GB HBM3",
            engine: "onnx-cuda",
            memoryBytes: 85_520_809_984,
            freeBytes: 85_000_000_000,
            driver: "550.54.15",
          },
        ],
      }),
    );
    const listed = (await store.workers.list()).filter(({ name }) => name === "named");
    expect(listed).toEqual([second]);
    expect(second).toMatchObject({
      state: "ACTIVE",
      labels: { zone: "b", "team-only": "nlp" },
      devices: [
        { address: "cpu", software: false, holds: [], busy: false },
        {
          identity: "cuda:GPU-1",
          memoryBytes: 85_520_809_984,
          driver: "550.54.15",
          measured: { freeBytes: 85_000_000_000 },
        },
      ],
    });
    expect(second.devices[0]).not.toHaveProperty("measured");
  });
});

describe("a name", () => {
  it("belongs to one ACTIVE worker, also when twenty ask for it at the same time", async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () => store.workers.register(worker("one"))),
    );
    const refused = tries.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : []));
    expect(refused).toHaveLength(19);
    for (const reason of refused)
      expect(reason).toMatchObject({
        code: "resource/conflict",
        message: "A worker named one lives on h; stop it, or give this one another ESPALIER_WORKER_NAME.",
      });
  });

  it("is free when its worker has stopped or has been silent for a lease's time", async () => {
    const first = await store.workers.register(worker("again"));
    await silence(first.id, 44);
    await expect(store.workers.register(worker("again"))).rejects.toMatchObject({
      code: "resource/conflict",
    });
    await silence(first.id, 46);
    const second = await store.workers.register(worker("again"));
    expect((await store.workers.get(first.id)).state).toBe("LOST");
    await store.workers.stop(second.id);
    await store.workers.register(worker("again"));
  });

  it("is no longer that of a worker that comes back after another has taken it", async () => {
    const zombie = await store.workers.register(worker("taken"));
    await silence(zombie.id);
    const next = await store.workers.register(worker("taken"));
    expect(await store.workers.revive(zombie.id)).toBe("STOPPED");
    await store.workers.stop(next.id);
    expect(await store.workers.revive(zombie.id)).toBe("STOPPED");
  });

  it("returns the identity of its holder's process", async () => {
    const { id } = await store.workers.register(worker("process", { process: "boot 1" }));
    expect(await store.workers.holder("process")).toEqual({ id, host: "h", process: "boot 1" });
    await store.workers.stop(id);
    expect(await store.workers.holder("process")).toBeUndefined();
  });
});

describe("a registration", () => {
  it.each([
    ["of the future", 4, "it speaks protocol 4, the service 2 to 3. Update the service first."],
    ["of the past", 1, "it speaks protocol 1, the service 2 to 3. Update the worker."],
    ["that makes no sense", Number.NaN, "it speaks protocol NaN"],
  ])("with a protocol %s is refused, and says who has to be updated", async (_what, protocol, words) => {
    await expect(store.workers.register(worker("future", { protocol }))).rejects.toMatchObject({
      code: "worker/refused",
      message: expect.stringContaining(words) as string,
    });
  });

  it("gets no runs any more when a migration has given up its protocol", async () => {
    const { id: runId } = await store.submit();
    const range = (await store.sql<{ oldest: number; newest: number }>("select * from worker_protocol"))[0];
    await store.sql("update worker_protocol set oldest = newest + 1, newest = newest + 1");
    try {
      const { devices } = await store.dispatch.snapshot();
      expect(devices.filter(({ state }) => state === "schedulable")).toEqual([]);
      expect(await store.placed(runId)).toBeUndefined();
    } finally {
      await store.sql("update worker_protocol set oldest = $1, newest = $2", [range.oldest, range.newest]);
    }
    expect(await store.placed(runId)).toBeDefined();
    await store.runs.cancel(store.teamId, runId);
  });

  it("waits for the end of a migration that may bring its protocol", async () => {
    const migration = new pg.Client(store.databaseUrl);
    await migration.connect();
    try {
      await migration.query("select pg_advisory_lock($1)", [migrationLock]);
      const registered = store.workers.register(worker("early", { protocol: 4 }));
      await expect
        .poll(() => store.sql("select from pg_locks where locktype = 'advisory' and not granted"))
        .toHaveLength(1);
      await migration.query("update worker_protocol set newest = 4");
      await migration.end();
      expect(await registered).toMatchObject({ name: "early", state: "ACTIVE" });
    } finally {
      await store.sql("update worker_protocol set newest = 3");
    }
  });

  it("is refused when it cannot be true, and the pool goes on", async () => {
    const lie = worker("liar", { devices: [{ ...cpu, memoryBytes: -1 }] });
    await expect(store.workers.register(lie)).rejects.toMatchObject({ code: "worker/refused" });
    expect(await store.workers.holder("liar")).toBeUndefined();
    const { id } = await store.submit();
    expect(await store.claimed(id)).toBeDefined();
  });

  it("is refused by the database too, if it gets past the check", async () => {
    const insert = (memory: number, identity: string, position: number) =>
      store.sql(
        `insert into device (id, worker_id, position, kind, address, identity, name, engine, memory_bytes)
         values ($1, $2, $3, 'cpu', 'x', $4, 'x', 'x', $5)`,
        [newId("device"), store.workerId, position, identity, memory],
      );
    await expect(insert(-1, "a", 1)).rejects.toThrow("violates check constraint");
    await expect(insert(2 ** 51, "a", 1)).rejects.toThrow("violates check constraint");
    await expect(insert(1, "cpu", 1)).rejects.toThrow("duplicate key");
    await expect(insert(1, "a", 0)).rejects.toThrow("duplicate key");
  });
});

it("another takes runs while a device of one is open that is not silent", async () => {
  await store.sql("update worker set state = 'STOPPED'");
  const mine = await store.workers.register(worker("mine"));
  const other = await store.workers.register(worker("other"));
  const others = () => store.workers.takeRuns({ except: mine.id });
  expect(await others()).toBe(true);
  await store.holds.report(other.devices[0].id, [{ cause: "data-folder", reason: "Away." }]);
  expect(await others()).toBe(false);
  await store.holds.report(other.devices[0].id, []);
  expect(await others()).toBe(true);
  await silence(other.id);
  expect(await others()).toBe(false);
});
