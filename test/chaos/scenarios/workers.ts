import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { identify } from "@espalier/process";
import { until } from "../patience.ts";
import { attempted, both, computeOf, endsOf, succeed, workerOf, type Scenario } from "./scenario.ts";

const preload = (name: string) => `--import=${new URL(`../${name}`, import.meta.url).href}`;
const resumed = (run: { result?: object }) => (run.result as { resumedFromStep?: number }).resumedFromStep;

/** What can happen to a worker and its compute process. */
export const workerScenarios: readonly Scenario[] = [
  {
    number: 1,
    title: "A worker is killed while it trains: another goes on from the last checkpoint.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const runId = await d.client.submit({ steps: 150, script: { pace: 40 } });
      await d.client.saves(runId);
      const worker = await workerOf(d, runId);
      d.note("kill", worker.name);
      await worker.kill();
      const run = await d.client.reaches(runId, "SUCCEEDED");
      assert.deepEqual(await endsOf(d, runId), ["LOST", "SUCCEEDED"]);
      assert.ok(resumed(run));
    },
  },
  {
    number: 2,
    title:
      "A compute process is killed, or runs out of memory: the cause is named, and memory is never tried blindly.",
    queues: both,
    async run(d) {
      const killed = await d.client.submit({ steps: 100, script: { pace: 40 } });
      const starved = await d.client.submit({ steps: 20, script: { starve: 12 } });
      const relieved = await d.client.submit({ steps: 20, script: { memory: 12 } });
      await d.client.saves(killed);
      const worker = await workerOf(d, killed);
      d.note("kill", `compute process of ${worker.name}`);
      process.kill(computeOf(worker), "SIGKILL");
      assert.ok(resumed(await d.client.reaches(killed, "SUCCEEDED")));
      const [crashed] = await d.client.attempts(killed);
      assert.equal(crashed.problem?.code, "worker/child-crashed");
      const failed = await d.client.reaches(starved, "FAILED");
      assert.equal(failed.problem?.code, "device/out-of-memory");
      assert.deepEqual(await endsOf(d, starved), ["FAILED", "FAILED"]);
      await d.client.reaches(relieved, "SUCCEEDED");
      assert.deepEqual(await endsOf(d, relieved), ["FAILED", "SUCCEEDED"]);
    },
  },
  {
    number: 3,
    title: "A worker is asked to end: it saves, gives the run back uncharged, and exits with 0.",
    queues: both,
    async run(d) {
      const runId = await d.client.submit({ steps: 150, every: 1000, script: { pace: 40 } });
      await until("some steps are done", async () => ((await d.client.get(runId)).progress?.done ?? 0) > 2);
      const worker = await workerOf(d, runId);
      d.note("SIGTERM", worker.name);
      worker.signal("SIGTERM");
      assert.equal(await worker.ended(), 0);
      assert.ok(resumed(await d.client.reaches(runId, "SUCCEEDED")));
      assert.deepEqual(await endsOf(d, runId), ["RETURNED", "SUCCEEDED"]);
    },
  },
  {
    number: 4,
    title:
      "A worker is frozen until others have taken over, and wakes: its computation has ended itself, and it commits nothing.",
    queues: both,
    quick: ["redis"],
    async run(d) {
      const runId = await d.client.submit({ steps: 200, script: { pace: 40 } });
      await d.client.saves(runId);
      const worker = await workerOf(d, runId);
      d.note("SIGSTOP", worker.name);
      worker.signal("SIGSTOP");
      await until(
        "the computation of the frozen worker ends itself",
        () => identify(computeOf(worker)) === undefined,
      );
      await attempted(d, runId, 2);
      d.note("SIGCONT", worker.name);
      worker.signal("SIGCONT");
      await until("the zombie gives up", () => /attempt (abandoned|not \w+)/.test(worker.log));
      await d.client.reaches(runId, "SUCCEEDED");
      assert.deepEqual(await endsOf(d, runId), ["LOST", "SUCCEEDED"]);
    },
  },
  {
    number: 12,
    title: "The clocks of two workers are five minutes off: nothing is claimed twice, nothing expires early.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const [fast, slow] = d.workers;
      for (const [worker, ms] of [
        [fast, 300_000],
        [slow, -300_000],
      ] as const) {
        await worker.kill();
        d.note(`clock ${ms} ms`, worker.name);
        worker.start({ NODE_OPTIONS: preload("clock.mjs"), CHAOS_CLOCK_MS: String(ms) });
      }
      await d.ready();
      const runIds = [];
      for (let i = 0; i < 4; i++) runIds.push(await d.client.submit({ steps: 150, script: { pace: 60 } }));
      await succeed(d, runIds);
      for (const runId of runIds) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
      await Promise.all([fast.kill(), slow.kill()]);
    },
  },
  {
    number: 17,
    title: "Workers are killed while they write checkpoints: halves are never read, and are cleared away.",
    queues: both,
    async run(d) {
      const runId = await d.client.submit({ steps: 60, every: 1, script: { pace: 1, weight: 8192 } });
      for (let step = 1; step <= 2; step++) {
        await d.client.saves(runId, step);
        const worker = await workerOf(d, runId);
        d.note("kill", worker.name);
        await worker.kill();
        worker.start();
        await attempted(d, runId, step + 1);
      }
      await d.client.reaches(runId, "SUCCEEDED");
      await d.ready();
      for (const { name, pid } of d.workers)
        await until(`${name} has cleared away what was left`, async () => {
          const left = await readdir(join(d.folder, `scratch-${name}`));
          return left.every((folder) => folder.includes(`.${pid}.`) || folder === "downloads");
        });
    },
  },
  {
    number: 22,
    title: "A run that crashes every process is given up, and others flow meanwhile.",
    queues: both,
    async run(d) {
      const poison = await d.client.submit({ steps: 20, every: 1000, script: { crash: 3 } });
      const other = await d.client.submit({ steps: 30 });
      const failed = await d.client.ends(poison);
      assert.notEqual(failed.state, "SUCCEEDED");
      assert.ok(failed.problem?.detail.includes("SIGSEGV"));
      await d.client.reaches(other, "SUCCEEDED");
    },
  },
  {
    number: 24,
    title:
      "The event loop of a worker is blocked for longer than a lease: it counts as lost, and nothing runs twice.",
    queues: both,
    async run(d) {
      const [worker, ...rest] = d.workers;
      for (const each of d.workers) await each.kill();
      const ms = d.leaseSeconds * 2000;
      worker.start({ NODE_OPTIONS: preload("block.mjs"), CHAOS_BLOCK_MS: String(ms) });
      await until(`${worker.name} is registered`, () =>
        worker.log.includes(`"pid":${worker.pid},"workerId"`),
      );
      const runId = await d.client.submit({ steps: 300, script: { pace: 60 } });
      await d.client.saves(runId);
      d.note(`block ${ms} ms`, worker.name);
      worker.signal("SIGUSR2");
      for (const each of rest) each.start();
      await attempted(d, runId, 2);
      await d.client.reaches(runId, "SUCCEEDED");
      assert.equal((await endsOf(d, runId))[0], "LOST");
      await worker.kill();
    },
  },
  {
    number: 25,
    title: "A computation hangs while its heartbeats go on: it is ended and tried again.",
    queues: both,
    async run(d) {
      const runId = await d.client.submit({ steps: 30, script: { hang: 12 } });
      await d.client.reaches(runId, "SUCCEEDED", 400);
      const [hung] = await d.client.attempts(runId);
      assert.equal(hung.problem?.code, "worker/child-crashed");
      assert.ok(hung.problem?.detail.includes("no progress"));
      assert.deepEqual(await endsOf(d, runId), ["FAILED", "SUCCEEDED"]);
    },
  },
  {
    number: 27,
    title: "A worker of another protocol than the database's is refused and ends; the others go on.",
    queues: both,
    async run(d) {
      const worker = d.workers[0];
      await worker.kill();
      await d.raiseProtocol(1);
      d.note("newer protocol", "database");
      worker.start();
      assert.equal(await worker.ended(), 1);
      assert.ok(worker.log.includes("Update the worker"));
      const runId = await d.client.submit({ steps: 10 });
      await d.client.reaches(runId, "SUCCEEDED");
      await d.raiseProtocol(-1);
    },
  },
];
