import { once } from "node:events";
import type { Run } from "@espalier/contract";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../servers/postgres.ts";
import { startPool, until, type Pool, type TestWorker } from "./pool.ts";

let pool: Pool;
let databaseUrl: string;
let modelId: string;
let triplets: string;
const by = "key_1 (ops)";
const workers: TestWorker[] = [];

const launch = (environment: Record<string, string> = {}) => {
  const worker = pool.launch({ ESPALIER_THREADS: "1", ...environment });
  workers.push(worker);
  return worker;
};
const registered = async (worker: TestWorker) => {
  await until(async () => worker.log().includes("worker registered"));
  return worker;
};
const start = (name?: string) => registered(launch(name === undefined ? {} : { ESPALIER_WORKER_NAME: name }));
const member = async ({ name }: { name: string }) =>
  (await pool.store.workers.list()).find((each) => each.name === name)!;
const train = (steps: number) =>
  pool.submit({
    kind: "train",
    model: modelId,
    datasetId: triplets,
    settings: { steps, batchSize: 8, checkpointEvery: 1000 },
  });
const attempts = (run: Run) => pool.store.runs.attempts(pool.teamId, run.id);
const stepping = (run: Run) =>
  until(async () => (await pool.store.metrics.list(pool.teamId, run.id, { name: "loss" })).items.length > 2);
const end = async (worker: TestWorker, signal: NodeJS.Signals) => {
  worker.process.kill(signal);
  if (worker.process.exitCode === null && worker.process.signalCode === null)
    await once(worker.process, "exit");
};

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  pool = await startPool(databaseUrl);
  triplets = await pool.dataset("triplets", 32);
  const worker = await start();
  modelId = await pool.importShallow();
  await end(worker, "SIGTERM");
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    if (worker.process.exitCode !== null || worker.process.signalCode !== null) continue;
    worker.process.kill("SIGCONT");
    await end(worker, "SIGKILL");
  }
});
afterAll(() => pool?.close());

describe("a worker that is drained", () => {
  it("finishes its run, takes no other, says that it has drained, stays so across a restart, and resumes", async () => {
    const worker = await start();
    const { id } = await member(worker);
    const first = await train(30);
    await stepping(first);
    await pool.store.holds.drain(id, { by, reason: "New driver." });
    const second = await train(2);
    await pool.end(first.id);
    expect((await attempts(first)).map(({ state }) => state)).toEqual(["SUCCEEDED"]);
    await until(async () => (await member(worker)).drain?.doneAt !== undefined);
    expect(await attempts(second)).toEqual([]);
    await end(worker, "SIGTERM");

    const again = await start(worker.name);
    await until(async () => again.log().includes('"draining"'));
    expect(await member(again)).toMatchObject({ state: "ACTIVE", drain: { reason: "New driver.", by } });
    expect(await attempts(second)).toEqual([]);
    await pool.store.holds.resume((await member(again)).id, by);
    await pool.end(second.id);
    const { items } = await pool.store.workerEvents.list(worker.name);
    expect(items.map(({ type }) => type).reverse()).toEqual([
      "registered",
      "draining",
      "drained",
      "stopped",
      "registered",
      "resumed",
    ]);
  });

  it("at once saves its run and gives it back, uncharged; the run goes on elsewhere from there", async () => {
    const worker = await start();
    const { id } = await member(worker);
    const run = await train(60);
    await stepping(run);
    await pool.store.holds.drain(id, { by, atOnce: true });
    await until(async () => (await attempts(run))[0].state === "RETURNED", 20);
    const [returned] = await attempts(run);
    expect(returned.checkpointStep).toBeGreaterThan(2);
    await until(async () => (await member(worker)).drain?.doneAt !== undefined);
    expect(worker.process.exitCode).toBeNull();
    await start();
    const { result, workerId } = await pool.end(run.id);
    expect(workerId).not.toBe(id);
    expect(result).toMatchObject({ resumedFromStep: returned.checkpointStep });
  });
});

it("a run that is preempted is saved and given back, and its worker takes it up again", async () => {
  await start();
  const run = await train(60);
  await stepping(run);
  expect(await pool.store.leases.preempt(run.id)).toBe(true);
  const { result } = await pool.end(run.id);
  const [returned, second] = await attempts(run);
  expect([returned.state, second.state]).toEqual(["PREEMPTED", "SUCCEEDED"]);
  expect(returned).toMatchObject({ preempted: { reason: "request" }, lostSteps: 0 });
  expect(result).toMatchObject({ resumedFromStep: returned.checkpointStep });
});

it("a device that is cordoned finishes its run, takes no other, also after a restart, and goes on when it may", async () => {
  const worker = await start();
  const first = await train(30);
  await stepping(first);
  await pool.store.holds.cordon((await member(worker)).devices[0].id, { by });
  const second = await train(2);
  await pool.end(first.id);
  await until(async () => worker.log().includes("device takes no new runs"));
  await end(worker, "SIGKILL");
  const again = await start(worker.name);
  await until(async () => (await member(again)).devices[0].measured?.utilization !== undefined);
  expect(await attempts(second)).toEqual([]);
  await pool.store.holds.uncordon((await member(again)).devices[0].id, by);
  await pool.end(second.id);
});

describe("a name", () => {
  it("is free at once when its worker was killed, and is refused to a twin, while the pool serves", async () => {
    const worker = await start("alone");
    await end(worker, "SIGKILL");
    const killed = performance.now();
    const next = await start("alone");
    console.log(`killed to registered again: ${Math.round(performance.now() - killed)} ms`);
    expect(performance.now() - killed).toBeLessThan(40_000);
    const twin = launch({ ESPALIER_WORKER_NAME: "alone" });
    await until(async () => twin.log().includes("A worker named alone lives on"));
    const run = await train(2);
    await pool.end(run.id);
    expect(twin.log()).not.toContain("worker registered");
    await end(next, "SIGTERM");
    await registered(twin);
  });

  it("that was taken while its worker slept ends that worker with a reason, and its run goes on", async () => {
    const sleeper = await start("sleeper");
    const run = await train(40);
    await stepping(run);
    sleeper.process.kill("SIGSTOP");
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query("update worker_pulse set seen_at = now() - interval '1 minute'");
    await client.query("update run set lease_until = now() - interval '1 s' where id = $1", [run.id]);
    await client.query("update worker_pulse set held = '{}'");
    await client.end();
    await start("sleeper");
    sleeper.process.kill("SIGCONT");
    const [code] = (await once(sleeper.process, "exit")) as [number | null];
    expect(code).toBe(1);
    expect(sleeper.log()).toContain("another worker has this one's name");
    await pool.end(run.id);
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["LOST", "SUCCEEDED"]);
  });
});

it.each([
  [{ ESPALIER_LABELS: "zone=a b" }, 'the label \\"zone\\"=\\"a b\\" must be of'],
  [{ ESPALIER_LABELS: "zone" }, 'ESPALIER_LABELS holds \\"zone\\"'],
  [{ ESPALIER_DEVICES: "cuda:0", PATH: "/nowhere" }, 'ESPALIER_DEVICES names \\"cuda:0\\"; there is: cpu'],
  [{ ESPALIER_DEVICES: "gpu" }, 'ESPALIER_DEVICES names \\"gpu\\"'],
])(
  "a worker with %o ends at once and says why, and the pool knows nothing of it",
  async (environment, words) => {
    const worker = launch(environment);
    const [code] = (await once(worker.process, "exit")) as [number | null];
    expect(code).toBe(1);
    expect(worker.log().replaceAll('"', '\\"').replaceAll('\\\\"', '\\"')).toContain(words);
    expect(await member(worker)).toBeUndefined();
  },
);
