import { raise, type Pool } from "@espalier/contract";
import { expect, it } from "vitest";
import { alertSummary, poolLines } from "./pool-lines.ts";

const at = "2026-05-01T10:00:00.000Z";
const earlier = "2026-05-01T09:18:00.000Z";
const now = Date.parse(at);
const well: Pool = {
  at,
  version: "0.1.0",
  alerts: [],
  held: [],
  workers: { active: 4, draining: 0, lost: 0 },
  devices: { idle: 1, busy: 15, held: 0, lost: 0, open: 16 },
  queue: { queued: 12, waiting: 30, running: 15, oldest: { queuedAt: earlier, runId: "run_1" } },
  dataFolder: { state: "ready", since: earlier, path: "/srv/espalier", freeBytes: 5e11, totalBytes: 4e12 },
  database: {
    version: "17.2",
    clockOffset: 0.02,
    connections: {
      max: 100,
      allowed: 97,
      used: 31,
      apis: 2,
      workers: 4,
      perApi: 16,
      perWorker: 5,
      needed: 52,
      fitting: 60,
      pooled: false,
      holders: [{ application: "espalier-api", count: 12 }],
    },
  },
  deliveryQueues: { server: "redis", state: "up" },
  scheduler: { leader: "node-1, process 71", leadingSince: earlier, lastPassAt: at, secondsAgo: 1.2 },
};

it("a pool that is well is told in a few lines", () => {
  expect(poolLines(well, now)).toMatchInlineSnapshot(`
    [
      "All is well.",
      "",
      "workers      4 active",
      "devices      1 idle, 15 busy",
      "queue        12 queued, 15 running, 30 waiting for other runs; the oldest",
      "             (run_1) waits for 42m 0s",
      "data folder  ready, 500 GB of 4.0 TB free (/srv/espalier)",
      "database     PostgreSQL 17.2, the API's clock agrees",
      "connections  31 of 97 used; the pool may hold 52 (max_connections 100)",
      "             held by: 12 espalier-api",
      "delivery     queues on Redis, up",
      "scheduler    last pass 1 s ago by node-1, process 71",
      "API          version 0.1.0",
    ]
  `);
});

it("what is wrong comes first, with what to do, in lines of at most 80 characters", () => {
  const alerts = [
    raise(
      "data-folder-full",
      "data folder",
      { path: "/srv/espalier", freeBytes: 1e8, neededBytes: 6.7e8 },
      earlier,
    ),
    raise("worker-lost", "gpu-3", { worker: "gpu-3", host: "node-3" }),
  ];
  const held: Pool["held"] = [
    { worker: "gpu-3", devices: [], cause: "lost", since: earlier },
    {
      worker: "gpu-1",
      devices: ["cuda:0", "cuda:1"],
      cause: "foreign-process",
      since: earlier,
      reason:
        "Not of the pool: /opt/simulation/bin/solver --input a-long-name.cfg (process 4711) of the user mallory.",
    },
  ];
  const lines = poolLines({ ...well, alerts, held }, now);
  expect(lines.slice(0, 8)).toEqual([
    "!! data folder: The shared data volume is full (0.1 GB are free for",
    "   /srv/espalier): no run starts or is charged until 0.7 GB are free. (for 42m",
    "   0s)",
    "   → Delete what nobody needs (`espalier gc`, `espalier run rm`), or enlarge the",
    "     volume; runs go on by themselves.",
    "",
    "!  gpu-3: Worker gpu-3 on node-3 shows no sign of life; others take its runs.",
    "   → Look at node-3 and at the worker's log, and start the worker again.",
  ]);
  expect(lines.slice(-6)).toEqual([
    "HELD                 CAUSE               FOR",
    "gpu-3                lost             42m 0s",
    "  Its worker shows no sign of life.",
    "gpu-1 cuda:0 cuda:1  foreign-process  42m 0s",
    "  Not of the pool: /opt/simulation/bin/solver --input a-long-name.cfg (process",
    "  4711) of the user mallory.",
  ]);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(alertSummary(alerts)).toMatch(
    /^! data folder: The shared data volume is full .* \(and 1 more: `espalier pool`\)$/,
  );
  expect(alertSummary([])).toBeUndefined();
});
