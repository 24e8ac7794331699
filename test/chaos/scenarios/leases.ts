import assert from "node:assert/strict";
import { until } from "../patience.ts";
import { both, endsOf, succeed, workerOf, type Scenario } from "./scenario.ts";

/** Longer than a lease of the suite, so that a renewal that waits for one write comes too late. */
const slowSeconds = 10;

/** What leases and leadership must survive beside the ends of processes and servers. */
export const leaseScenarios: readonly Scenario[] = [
  {
    number: 33,
    title:
      "The database takes longer than a lease for each write of metrics and logs: no run is lost, and a cancel is obeyed.",
    queues: both,
    quick: ["postgres"],
    async run(d) {
      const writes = ["metric_point", "log_line"];
      await d.change(`create function slow() returns trigger language plpgsql as
        'begin perform pg_sleep(${slowSeconds}); return null; end'`);
      for (const table of writes)
        await d.change(
          `create trigger slow before insert on ${table} for each statement execute function slow()`,
        );
      d.note(`${slowSeconds} s for each write`, writes.join(" and "));
      const runId = await d.client.submit({ steps: 150, every: 1000, script: { pace: 40 } });
      const endless = await d.client.submit({ steps: 100_000, every: 1000, script: { pace: 40 } });
      await workerOf(d, endless);
      await until(`${endless} reports`, async () => (await d.client.get(endless)).progress !== undefined);
      await d.client.cancel(endless);
      const asked = performance.now();
      await d.client.reaches(endless, "CANCELLED");
      console.log(`cancelled after ${((performance.now() - asked) / 1000).toFixed(1)} s`);
      await d.client.reaches(runId, "SUCCEEDED");
      assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
      assert.deepEqual(await endsOf(d, endless), ["CANCELLED"]);
      for (const table of writes) await d.change(`drop trigger slow on ${table}`);
      await d.change("drop function slow()");
    },
  },
  {
    number: 34,
    title:
      "The leading API is frozen: another one leads, and what the frozen one decides when it wakes is refused.",
    queues: both,
    async run(d) {
      const runIds = [];
      // One of them leads.
      for (const api of d.apis) {
        d.note("SIGSTOP", api.name);
        api.signal("SIGSTOP");
        const runId = await d.client.submit({ steps: 10 });
        await d.client.reaches(runId, "SUCCEEDED");
        d.note("SIGCONT", api.name);
        api.signal("SIGCONT");
        runIds.push(runId);
      }
      await succeed(d, runIds);
      for (const runId of runIds) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
    },
  },
];
