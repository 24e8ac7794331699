/**
 * What a client and an idle device wait for, with the service as processes: an API, a worker, PostgreSQL, and the queue on
 * PostgreSQL and on Redis. First, one after another, how long it is from asking to the worker's start of the compute process,
 * as both see it by this machine's clock; then how long `POST /v1/runs` takes at a steady pace for 20 s, and again beside
 * 10,000 queued runs and 200 devices in use, over which the scheduler of the same API plans all the while. Trainings are
 * those of the chaos suite, which compute next to nothing. Server and clients share the machine: a pace that it cannot keep measures
 * how the queue before it grows, not what a submission takes, so the default is one that two slow cores keep.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../packages/store/src/index.ts";
import { Deployment, type QueueKind } from "../../test/chaos/deployment.ts";
import { History } from "../../test/chaos/history.ts";
import { until } from "../../test/chaos/patience.ts";
import { noRedis } from "../../test/servers/redis.ts";
import { fillPool } from "./full-pool.ts";

const paceSeconds = 20;
const starts = 30;
/** What the service is to keep, in ms. */
const targets = { submit: { p99: 100 }, start: { p50: 1000, p99: 3000 } };

/** @param perSecond submissions; default 15 */
export async function submit(perSecond = 15): Promise<void> {
  for (const queue of ["postgres", "redis"] as const) {
    if (queue === "redis" && noRedis) console.log(`redis: skipped: ${noRedis}`);
    else await measure(queue, perSecond);
  }
}

async function measure(queue: QueueKind, perSecond: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-bench-"));
  const history = new History(join(folder, "history.jsonl"));
  const deployment = await Deployment.start({ queue, history, apis: 1, workers: 1, leaseSeconds: 45 });
  try {
    print(queue, "submission to child start", await startTimes(deployment), targets.start);
    // Workers are on other machines: their computations are not to be paid for here.
    await deployment.workers[0].kill();
    for (const beside of ["", " beside 10,000 queued runs"]) {
      if (beside) await fill(deployment);
      const { took, seconds } = await submitTimes(deployment, perSecond);
      print(queue, `submission, ${(took.length / seconds).toFixed(0)}/s${beside}`, took, targets.submit);
    }
  } finally {
    await deployment.close();
    await rm(folder, { recursive: true });
  }
}

async function fill({ postgres, bytesRoot }: Deployment): Promise<void> {
  const store = await openStore({ databaseUrl: postgres.url, bytesRoot });
  try {
    await fillPool(store);
  } finally {
    await store.close();
  }
}

/** Asks at a steady pace, whether or not earlier ones are answered. */
async function submitTimes(
  { client }: Deployment,
  perSecond: number,
): Promise<{ took: number[]; seconds: number }> {
  const took: number[] = [];
  const asking: Promise<void>[] = [];
  // The dataset, the pool and the compiled code are there before it counts.
  for (let i = 0; i < 20; i++) await client.submit({ steps: 1 });
  const start = performance.now();
  for (let i = 0; i < perSecond * paceSeconds; i++) {
    await sleep(start + (i * 1000) / perSecond - performance.now());
    const asked = performance.now();
    asking.push(
      client.submit({ steps: 1 }).then(() => {
        took.push(performance.now() - asked);
      }),
    );
  }
  await Promise.all(asking);
  return { took, seconds: (performance.now() - start) / 1000 };
}

/** The device is idle whenever it is asked. */
async function startTimes({ client, workers: [worker] }: Deployment): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < starts; i++) {
    const asked = Date.now();
    const runId = await client.submit({ steps: 1, script: { pace: 1 } });
    const find = () => worker.computes.find((compute) => compute.runId === runId);
    await until("the compute process starts", () => find() !== undefined, { ms: 20 });
    took.push(find()!.at - asked);
    await client.reaches(runId, "SUCCEEDED");
    await sleep(500);
  }
  return took;
}

function print(
  queue: QueueKind,
  what: string,
  took: readonly number[],
  target: Readonly<Record<string, number>>,
): void {
  const sorted = [...took].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1];
  const figures = { p50: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
  const words = Object.entries(figures).map(
    ([name, ms]) => `${name} ${ms.toFixed(0)} ms${name in target ? ` (target ${target[name]})` : ""}`,
  );
  console.log(`${queue}: ${what}: ${words.join(", ")}, ${took.length} measured`);
}
