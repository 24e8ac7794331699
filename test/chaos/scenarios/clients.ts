import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../patience.ts";
import { both, endsOf, several, succeed, workerOf, type Scenario } from "./scenario.ts";

const commit = /commit\0/;

/** What can come between a client, the API, and what it has promised. */
export const clientScenarios: readonly Scenario[] = [
  {
    number: 14,
    title:
      "An API dies between its commit and its answer, or an answer is lost: the same key gives the same run.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const after = /insert into run \(/;
      for (const kill of [false, true]) {
        let lost = 0;
        for (const api of d.apis)
          void api.links.database.swallowAnswer(commit, { after }).then(async () => {
            lost += 1;
            d.note(`lose the answer to a commit${kill ? ", and kill" : ""}`, api.name);
            if (!kill) return;
            await api.kill();
            api.start();
          });
        await d.client.reaches(await d.client.submit({ steps: 10 }), "SUCCEEDED");
        assert.ok(lost > 0);
      }
      for (const { links } of d.apis) links.database.heal();
    },
  },
  {
    number: 15,
    title: "The APIs are restarted one by one under submissions: none is lost, none is doubled.",
    queues: both,
    async run(d) {
      let restarting = true;
      const runIds: string[] = [];
      const submitting = (async () => {
        while (restarting) runIds.push(await d.client.submit({ steps: 3, script: { pace: 1 } }));
      })();
      try {
        for (const api of d.apis) {
          d.note("SIGTERM", api.name);
          api.signal("SIGTERM");
          assert.equal(await api.ended(), 0);
          api.start();
          await until("the API is ready", () => d.client.isReady(d.apis.indexOf(api)));
        }
      } finally {
        restarting = false;
        await submitting;
      }
      assert.ok(runIds.length > 0);
      // A few are computed; what waits longer is cancelled in bulk.
      await succeed(d, runIds.slice(0, 3));
      for (const runId of runIds.slice(3)) await d.client.cancel(runId);
    },
  },
  {
    number: 21,
    title: "Two thousand runs are queued: lists page, an urgent one overtakes, and all are cancelled.",
    queues: both,
    async run(d) {
      const before = await d.client.count();
      const runIds = await several(d, 2000, { steps: 400, script: { pace: 50 } });
      const urgent = await d.client.submit({ steps: 5, priority: 1000 });
      for (const worker of d.workers) {
        d.note("SIGTERM", worker.name);
        worker.signal("SIGTERM");
        await worker.ended();
        worker.start();
      }
      await d.client.reaches(urgent, "SUCCEEDED", 600);
      assert.equal(await d.client.count(), before + runIds.length + 1);
      for (const runId of runIds) await d.client.cancel(runId);
    },
  },
  {
    number: 23,
    title:
      "Runs are cancelled while they wait, start, compute and finish: each has one end, and a retry succeeds.",
    queues: both,
    quick: ["redis"],
    async run(d) {
      const computing = await d.client.submit({ steps: 1000, script: { pace: 40 } });
      const runIds = await several(d, 6, { steps: 8, script: { pace: 20 } });
      await d.client.saves(computing);
      const worker = await workerOf(d, computing);
      for (const runId of [...runIds, computing]) {
        await d.client.cancel(runId);
        // So that the next one is cancelled in another moment of its life.
        await sleep(150);
      }
      await d.client.reaches(computing, "CANCELLED");
      assert.deepEqual(await endsOf(d, computing), ["CANCELLED"]);
      assert.ok(worker.alive);
      const last = runIds.at(-1)!;
      if ((await d.client.get(last)).state === "CANCELLED") {
        await d.client.retry(last);
        await d.client.reaches(last, "SUCCEEDED");
      }
    },
  },
];
