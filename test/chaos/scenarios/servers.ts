import assert from "node:assert/strict";
import { newId } from "@espalier/contract";
import { openDeliveryQueues, type Delivery } from "@espalier/queue";
import { Redis } from "ioredis";
import type { Deployment } from "../deployment.ts";
import { until } from "../patience.ts";
import { attempted, both, endsOf, several, succeed, workerOf, type Scenario } from "./scenario.ts";

/** What can happen to PostgreSQL, to Redis, and on the way to them. */
export const serverScenarios: readonly Scenario[] = [
  {
    number: 5,
    title: "Redis is away: training and commits go on, submissions are accepted and start when it is back.",
    queues: ["redis"],
    quick: ["redis"],
    async run(d) {
      const running = await d.client.submit({ steps: 100, script: { pace: 40 } });
      await d.client.saves(running);
      d.note("stop", "redis");
      await d.redis!.stop();
      const waiting = await d.client.submit({ steps: 10 });
      await d.client.reaches(running, "SUCCEEDED");
      assert.notEqual((await d.client.get(waiting)).state, "SUCCEEDED");
      await d.redis!.start();
      await d.client.reaches(waiting, "SUCCEEDED");
      for (const runId of [running, waiting]) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
    },
  },
  {
    number: 6,
    title: "Redis forgets everything, by FLUSHALL and by a restart: the reconciler rings again.",
    queues: ["redis"],
    quick: ["redis"],
    async run(d) {
      const runIds = await several(d, 8, { steps: 20, script: { pace: 40 } });
      await d.client.reaches(runIds[0], "RUNNING").catch(() => undefined);
      d.note("FLUSHALL", "redis");
      await redis(d, (server) => server.flushall());
      await succeed(d, runIds.slice(0, 2));
      d.note("crash", "redis");
      await d.redis!.crash();
      await d.redis!.start();
      await succeed(d, runIds);
    },
  },
  {
    number: 7,
    title:
      "The servers fall silent with sockets open: the silence is noticed, and work goes on over new connections.",
    queues: both,
    async run(d) {
      const runId = await d.client.submit({ steps: 150, script: { pace: 40 } });
      await d.client.saves(runId);
      const worker = await workerOf(d, runId);
      d.note("silence", `${worker.name} and every API`);
      for (const { links } of [worker, ...d.apis]) for (const link of Object.values(links)) link.silence();
      for (const { links } of [worker, ...d.apis]) for (const link of Object.values(links)) link.heal();
      const later = await d.client.submit({ steps: 10 });
      await succeed(d, [runId, later]);
      for (const index of d.apis.keys()) await until("the API is ready", () => d.client.isReady(index));
      await until(`${worker.name} is back`, () => d.client.isActive(worker.name));
      // The silenced worker alone is left: it takes runs over new connections.
      for (const other of d.workers) if (other !== worker) await other.kill();
      const last = await d.client.submit({ steps: 10 });
      await d.client.reaches(last, "SUCCEEDED", 300);
    },
  },
  {
    number: 8,
    title:
      "Redis is full: submissions are accepted, running ones finish, and the rest starts when there is room.",
    queues: ["redis"],
    async run(d) {
      const running = await d.client.submit({ steps: 100, script: { pace: 40 } });
      await d.client.saves(running);
      d.note("maxmemory 1", "redis");
      await redis(d, (server) => server.config("SET", "maxmemory", "1"));
      const waiting = await several(d, 4, { steps: 10 });
      await d.client.reaches(running, "SUCCEEDED");
      await redis(d, (server) => server.config("SET", "maxmemory", "0"));
      await succeed(d, waiting);
    },
  },
  {
    number: 9,
    title: "PostgreSQL stops, and crashes, while runs train: the same attempts go on when it is back.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const runIds = await several(d, 2, { steps: 250, script: { pace: 60 } });
      for (const runId of runIds) await d.client.saves(runId);
      d.note("stop", "postgres");
      await d.postgres.stop();
      await until("the API says so", async () => !(await d.client.isReady(0)));
      await d.postgres.start();
      await until("the API is ready", () => d.client.isReady(0));
      d.note("crash", "postgres");
      await d.postgres.crash();
      await until("the API says so", async () => !(await d.client.isReady(0)));
      await d.postgres.start();
      await succeed(d, runIds);
      for (const runId of runIds) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
    },
  },
  {
    number: 10,
    title: "PostgreSQL ends every connection of the queue, those that listen too: runs are picked up again.",
    queues: ["postgres"],
    async run(d) {
      const running = await d.client.submit({ steps: 60, script: { pace: 40 } });
      await d.client.saves(running);
      d.note("pg_terminate_backend", "connections of the queue");
      await d.terminate("espalier-queue");
      const later = await several(d, 3, { steps: 10 });
      await succeed(d, [running, ...later]);
      assert.deepEqual(await endsOf(d, running), ["SUCCEEDED"]);
    },
  },
  {
    number: 11,
    title:
      "A worker is cut off from the queue alone, and finishes; from PostgreSQL, and loses its run to another.",
    queues: both,
    async run(d) {
      if (d.redis) {
        const runId = await d.client.submit({ steps: 100, script: { pace: 40 } });
        const worker = await workerOf(d, runId);
        d.note("stall", `${worker.name} to the queue`);
        worker.links.queue.stall();
        await d.client.reaches(runId, "SUCCEEDED");
        assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
        worker.links.queue.heal();
      }
      const runId = await d.client.submit({ steps: 200, script: { pace: 60 } });
      await d.client.saves(runId);
      const worker = await workerOf(d, runId);
      d.note("stall", `${worker.name} to the database`);
      worker.links.database.stall();
      await attempted(d, runId, 2);
      worker.links.database.heal();
      await d.client.reaches(runId, "SUCCEEDED");
      assert.equal((await endsOf(d, runId))[0], "LOST");
    },
  },
  {
    number: 13,
    title:
      "Deliveries are repeated in any order, and mixed with jobs that nobody knows: nothing is claimed twice.",
    queues: both,
    quick: ["redis"],
    async run(d) {
      const ended = await d.client.submit({ steps: 5 });
      await d.client.reaches(ended, "SUCCEEDED");
      const running = await d.client.submit({ steps: 80, script: { pace: 40 } });
      await d.client.saves(running);
      d.note("repeat", `${await repeatDeliveries(d)} deliveries`);
      await d.client.reaches(running, "SUCCEEDED");
      for (const runId of [ended, running]) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
      await until("what is no delivery is told of", () =>
        d.workers.some(({ log }) => log.includes("a job that is no delivery was dropped")),
      );
    },
  },
  {
    number: 38,
    title:
      "An older copy of the database is put in place while workers compute: what it does not know is dropped, what it knows ends once, and its events are seen.",
    queues: both,
    async run(d) {
      const training = { steps: 300, every: 5, script: { pace: 40 } };
      const running = await d.client.submit(training);
      const ended = await d.client.submit({ steps: 30, script: { pace: 40 } });
      // Whoever follows a run now goes on to do so.
      const heard = d.client.hears(running, "SUCCEEDED");
      heard.catch(() => undefined);
      for (const runId of [running, ended]) await d.client.saves(runId);
      d.note("copy", "the database");
      const restore = await d.backUp();
      await succeed(d, [ended]);
      const unknown = await d.client.submit(training);
      const worker = await workerOf(d, unknown);
      await d.client.saves(unknown);
      d.note("put the copy in place", "the database");
      await restore();
      await until("the unknown run is dropped", () =>
        worker.log
          .split("\n")
          .some((line) => line.includes(unknown) && /attempt (abandoned|not \w+)/.test(line)),
      );
      // It has succeeded in files that nobody knows any more, and does so again.
      await succeed(d, [ended, running]);
      const later = await d.client.submit({ steps: 10 });
      await Promise.all([d.client.hears(later, "SUCCEEDED"), heard]);
      for (const runId of [running, ended])
        assert.equal((await endsOf(d, runId)).filter((end) => end === "SUCCEEDED").length, 1);
    },
  },
];

async function redis(d: Deployment, work: (server: Redis) => Promise<unknown>): Promise<void> {
  const server = new Redis(d.redis!.url);
  try {
    await work(server);
  } finally {
    server.disconnect();
  }
}

/** Adds every delivery that the queue remembers once more, the last one first, with a run that nobody knows and a job that says nothing. */
async function repeatDeliveries(d: Deployment): Promise<number> {
  const jobs: { queue: string; data: Delivery }[] = [];
  if (d.redis)
    await redis(d, async (server) => {
      for (const key of await server.keys("espalier:*:*-*")) {
        const data = (await server.type(key)) === "hash" ? await server.hget(key, "data") : null;
        if (data !== null) jobs.push({ queue: key.split(":")[1], data: JSON.parse(data) as Delivery });
      }
    });
  else jobs.push(...(await d.look<{ queue: string; data: Delivery }>("select queue, data from bullmq.job")));
  const queue = await openDeliveryQueues({ databaseUrl: d.postgres.url, redisUrl: d.redis?.url });
  try {
    for (const { queue: name, data } of jobs.toReversed()) {
      await queue.add(name, { ...data, dispatch: data.dispatch + 1000 });
      await queue.add(name, { runId: newId("run"), dispatch: 1 });
      await queue.add(name, { dispatch: 1 } as Delivery);
    }
  } finally {
    await queue.close();
  }
  assert.ok(jobs.length > 0);
  return jobs.length;
}
