import assert from "node:assert/strict";
import { until } from "../patience.ts";
import { both, endsOf, several, succeed, succeedAtOnce, workerOf, type Scenario } from "./scenario.ts";

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
        const asked = performance.now();
        await d.client.reaches(runId, "SUCCEEDED");
        console.log(
          `${api.name} is frozen: succeeded after ${((performance.now() - asked) / 1000).toFixed(1)} s`,
        );
        d.note("SIGCONT", api.name);
        api.signal("SIGCONT");
        runIds.push(runId);
      }
      await succeed(d, runIds);
      for (const runId of runIds) assert.deepEqual(await endsOf(d, runId), ["SUCCEEDED"]);
    },
  },
  {
    number: 37,
    title:
      "Urgent runs arrive while idle ones have every device, and an API dies meanwhile: the idle ones save and leave, lose no step, and go on after them.",
    queues: both,
    async run(d) {
      const idle = await several(d, d.workers.length + 1, {
        steps: 600,
        every: 1000,
        class: "idle",
        script: { pace: 40 },
      });
      const running = async () =>
        (await Promise.all(idle.map((runId) => d.client.get(runId)))).filter(
          ({ state, progress }) => state === "RUNNING" && (progress?.done ?? 0) > 0,
        );
      await until("every device is taken", async () => (await running()).length === d.workers.length);
      // Nobody has to leave in the first ten minutes.
      await d.change(
        "update attempt set started_at = started_at - interval '11 minutes' where ended_at is null and number = 1",
      );
      d.note("urgent runs", "every device");
      const asked = performance.now();
      const urgent = await several(d, d.workers.length, { steps: 10, class: "urgent" });
      const [api] = d.apis;
      d.note("kill", api.name);
      await api.kill();
      api.start();
      await succeedAtOnce(d, urgent);
      console.log(`urgent ones succeeded after ${((performance.now() - asked) / 1000).toFixed(1)} s`);
      await succeed(d, idle);
      const ends = await Promise.all(idle.map((runId) => endsOf(d, runId)));
      const preempted = ends.filter(([first]) => first === "PREEMPTED");
      assert.ok(preempted.length > 0, `nobody left: ${JSON.stringify(ends)}`);
      for (const each of ends) assert.deepEqual(each.slice(-1), ["SUCCEEDED"]);
      for (const runId of idle)
        for (const { number, state, lostSteps = 0 } of await d.client.attempts(runId))
          if (state === "PREEMPTED") assert.equal(lostSteps, 0, `attempt ${number} of ${runId}`);
    },
  },
];
