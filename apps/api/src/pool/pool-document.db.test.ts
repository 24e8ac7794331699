import { createClient, type Client, type Pool } from "@espalier/contract";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listen } from "../../../../test/servers/api.ts";
import { cpu, openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import type { DataFolderSeen } from "./data-folder-watch.ts";
import { noteAlerts } from "./document.ts";

let store: TestStore;
let app: FastifyInstance;
let operator: Client;
let member: Client;
let queueUp = true;
const since = new Date("2026-05-01T00:00:00Z");
let dataFolder: DataFolderSeen;
const ready: DataFolderSeen["state"] = { type: "ready", freeBytes: 5e9, totalBytes: 9e9 };

beforeAll(async () => {
  store = await openTestStore();
  dataFolder = { path: "/srv/secret", state: ready, since };
  const listening = await listen(store, {
    queue: async () => {
      if (!queueUp) throw new Error("no answer");
    },
    dataFolder: () => dataFolder,
  });
  app = listening.app;
  const clientOf = async (operator: boolean) => {
    const { text } = await store.teams.createKey(store.teamId, { name: "key", role: "viewer", operator });
    return createClient({ url: listening.url, key: text });
  };
  [operator, member] = [await clientOf(true), await clientOf(false)];
});
afterAll(async () => {
  await app.close();
  await store.discard();
});

const codes = ({ alerts }: Pool): string[] => alerts.map(({ code, subject }) => `${code} ${subject}`);

it("a pool that is well has no alert, and says what it has", async () => {
  await store.pool.passed("api-1, process 7");
  const { id } = await store.submit();
  await store.submit([id]);
  const pool = await operator.pool();
  expect(pool).toMatchObject({
    alerts: [],
    held: [],
    workers: { active: 1, draining: 0, lost: 0 },
    devices: { idle: 1, busy: 0, held: 0, lost: 0, open: 1 },
    queue: { queued: 1, waiting: 1, running: 0, oldest: { runId: id } },
    dataFolder: { state: "ready", since: since.toISOString(), path: "/srv/secret", freeBytes: 5e9 },
    deliveryQueues: { server: "postgres", state: "up" },
    scheduler: { leader: "api-1, process 7" },
  });
  expect(pool.scheduler.secondsAgo).toBeLessThan(60);
  const { connections } = pool.database;
  expect(connections).toMatchObject({ apis: 1, workers: 1, needed: 29, pooled: false });
  expect(connections!.used).toBeGreaterThan(0);
  expect(connections!.holders.map(({ application }) => application)).toContain("espalier");

  await store.claimed(id);
  expect(await operator.pool()).toMatchObject({
    devices: { idle: 0, busy: 1, open: 1 },
    queue: { queued: 0, running: 1 },
  });
});

it("a full or missing data folder is one alert of the pool, however many devices are held for it", async () => {
  await store.holds.report(store.deviceId, [
    { cause: "data-full", reason: "0.1 GB are free on /srv/secret." },
  ]);
  expect(codes(await operator.pool())).toEqual(["no-device pool", "device-held w"]);
  dataFolder = {
    path: "/srv/secret",
    since,
    state: { type: "full", freeBytes: 1e8, totalBytes: 9e9, neededBytes: 6e8, reason: "Full." },
  };
  const pool = await operator.pool();
  expect(codes(pool)).toEqual(["data-folder-full data folder", "no-device pool"]);
  expect(pool.alerts[0]).toEqual({
    code: "data-folder-full",
    severity: "critical",
    since: since.toISOString(),
    subject: "data folder",
    message:
      "The shared data volume is full (0.1 GB are free for /srv/secret): no run starts or is charged until 0.6 GB are free.",
    action: expect.stringContaining("espalier gc") as string,
  });
  expect(pool.held).toMatchObject([{ worker: "w", devices: [], cause: "data-full" }]);

  dataFolder = { path: "/srv/secret", since, state: { type: "away", reason: "Mount it." } };
  expect((await operator.pool()).alerts[0]).toMatchObject({ code: "data-folder-away" });
  dataFolder = { path: "/srv/secret", since, state: ready };
  await store.holds.report(store.deviceId, []);
  expect(codes(await operator.pool())).toEqual([]);
});

it("each part that fails has an alert, with the worker's name and since when", async () => {
  queueUp = false;
  const [gpu] = (
    await store.workers.register({
      name: "gpu-1",
      host: "node-7",
      version: "0",
      devices: [cpu, { ...cpu, address: "cuda:0", identity: "cuda:GPU-1", kind: "cuda" }],
    })
  ).devices.slice(1);
  await store.holds.report(gpu.id, [{ cause: "foreign-process", reason: "secret.py (process 7)." }]);
  await store.sql(
    "update worker_pulse p set clock_offset = -61 from worker w where w.id = p.worker_id and w.name = 'gpu-1'",
  );
  await store.workers.register({ name: "old", host: "node-8", version: "0", devices: [cpu] });
  await store.sql(
    "update worker_pulse p set seen_at = now() - interval '5 minutes' from worker w where w.id = p.worker_id and w.name = 'old'",
  );
  await store.workers.markLost(60, 0);
  await store.holds.cordon(store.deviceId, { by: "ops" });

  const pool = await operator.pool();
  expect(codes(pool)).toEqual([
    "delivery-queues-away delivery queues",
    "device-held gpu-1 cuda:0",
    "worker-lost old",
    "clock-off gpu-1",
  ]);
  expect(pool.alerts.map(({ since }) => since !== undefined)).toEqual([true, true, true, false]);
  expect(pool.alerts[3].message).toContain("61 s behind");
  expect(pool).toMatchObject({ workers: { active: 2, lost: 1 }, devices: { busy: 1, lost: 1 } });
  expect(pool.held.map(({ worker, cause }) => `${worker} ${cause}`).sort()).toEqual([
    "gpu-1 foreign-process",
    "old lost",
    "w cordon",
  ]);

  const seen = await member.pool();
  expect(codes(seen)).toEqual(codes(pool));
  expect(seen.alerts[1]).not.toHaveProperty("action");
  expect(JSON.stringify(seen)).not.toMatch(/secret|node-|process 7|holders/);
  queueUp = true;
});

it("without a living worker nothing can start, and the first that noted it says since when", async () => {
  const note = () => noteAlerts({ store, queueServer: "postgres", pooled: false });
  const found = async () => (await operator.pool()).alerts.find(({ code }) => code === "no-worker");
  await note();
  await store.sql("update worker set state = 'STOPPED' where state = 'ACTIVE'");
  expect(await found()).not.toHaveProperty("since");
  await note();
  const first = (await found())!.since!;
  expect(Date.parse(first)).toBeLessThanOrEqual(Date.now() + 1000);
  await note();
  expect((await found())!.since).toBe(first);
  const { id } = await store.workers.register({ name: "new", host: "h", version: "0", devices: [cpu] });
  await note();
  expect(await found()).toBeUndefined();
  await store.workers.stop(id);
  await note();
  expect((await found())!.since).not.toBe(first);
});

it("connections that are short and clocks that are off have a beginning too", async () => {
  await store.workers.register({ name: "late", host: "node-9", version: "0", devices: [cpu] });
  await store.sql(
    "update worker_pulse p set clock_offset = 90 from worker w where w.id = p.worker_id and w.name = 'late'",
  );
  await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      store.workers.register({ name: `many-${i}`, host: "h", version: "0", devices: [cpu] }),
    ),
  );
  await noteAlerts({ store, queueServer: "postgres", pooled: false });
  const { alerts } = await operator.pool();
  const since = new Map(alerts.map((alert) => [alert.code, alert.since]));
  expect([...since.keys()].sort()).toEqual(["clock-off", "connections-short", "worker-lost"]);
  expect([...since.values()].every((each) => each !== undefined)).toBe(true);
});

it("a webhook that was paused because it fails is an alert to its team and to operators, and to nobody else", async () => {
  const { id: strangers } = await store.teams.ensure("strangers");
  const hookOf = async (teamId: string, name: string) =>
    (
      await store.webhooks.create({
        teamId,
        operator: false,
        webhook: { name, url: "https://example.org", events: ["run.state"] },
      })
    ).webhook.id;
  const [own, theirs, resting] = [
    await hookOf(store.teamId, "ci"),
    await hookOf(strangers, "hidden"),
    await hookOf(store.teamId, "resting"),
  ];
  await store.webhooks.change(store.teamId, resting, { enabled: false });
  for (const [teamId, id] of [
    [store.teamId, own],
    [strangers, theirs],
  ]) {
    await store.webhookDeliveries.ping(teamId, id);
    const taken = (await store.webhookSending.take(16)).find(({ webhookId }) => webhookId === id)!;
    const gone = { delivered: false, problem: "No.", status: 410, retrySeconds: 0, gone: true } as const;
    await store.webhookSending.finish(taken, gone);
  }
  const paused = ({ alerts }: Pool) => alerts.filter(({ code }) => code === "webhook-paused");
  expect(paused(await operator.pool())).toMatchObject([
    {
      severity: "warning",
      subject: "webhook ci",
      since: expect.any(String) as string,
      message: expect.stringMatching(
        /^The webhook ci of team orchard was paused .* has answered 410/,
      ) as string,
      action: expect.stringContaining("espalier webhook resume ci") as string,
    },
    { subject: "webhook hidden" },
  ]);
  const seen = paused(await member.pool());
  expect(seen).toMatchObject([
    { subject: "webhook ci", message: expect.stringMatching(/^A webhook was paused/) as string },
  ]);
  expect(JSON.stringify(await member.pool())).not.toContain("hidden");
  await store.webhooks.change(store.teamId, own, { enabled: true });
  expect(paused(await member.pool())).toEqual([]);
});
