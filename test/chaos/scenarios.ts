import assert from "node:assert/strict";
import type { Deployment, QueueKind } from "./deployment.ts";
import { until } from "./patience.ts";

/** One scenario of the research note: what is done, and what must hold beside the invariants. */
export interface Scenario {
  /** Numbers of the note. */
  numbers: readonly number[];
  title: string;
  queues: readonly QueueKind[];
  run: (deployment: Deployment) => Promise<void>;
}

const both: readonly QueueKind[] = ["postgres", "redis"];

export const scenarios: readonly Scenario[] = [
  {
    numbers: [1],
    title: "a worker is killed while it trains",
    queues: both,
    async run(d) {
      const runId = await d.client.submit({ steps: 150, script: { pace: 40 } });
      await d.client.saves(runId);
      const worker = workerOf(d, runId);
      d.note("kill", worker.name);
      await worker.kill();
      const run = await d.client.reaches(runId, "SUCCEEDED");
      const [lost, ...later] = await d.client.attempts(runId);
      assert.equal(lost.state, "LOST");
      assert.equal(later.at(-1)?.state, "SUCCEEDED");
      assert.ok((run.result as { resumedFromStep?: number }).resumedFromStep);
    },
  },
];

/** The worker whose compute process was started last for a run. */
function workerOf(d: Deployment, runId: string) {
  const worker = d.workers.find(({ computes }) => computes.at(-1)?.runId === runId);
  assert.ok(worker, `nobody computes ${runId}`);
  return worker;
}
