import { once } from "node:events";
import { readdir } from "node:fs/promises";
import type { Run } from "@espalier/contract";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../servers/postgres.ts";
import { isRunning, startPool, until, type Pool, type TestWorker } from "./pool.ts";

let pool: Pool;
let databaseUrl: string;
let modelId: string;
let triplets: string;
/** Bytes of the adapter that a training gives which nothing interrupts. */
let undisturbed: string;
const workers: TestWorker[] = [];

/** Long enough to be interrupted, short enough to wait for. */
const settings = { steps: 40, batchSize: 16, checkpointEvery: 4 };

const start = async (environment?: Record<string, string>) => {
  const worker = await pool.worker(environment);
  workers.push(worker);
  return worker;
};
const train = (more = {}) =>
  pool.submit({ kind: "train", model: modelId, datasetId: triplets, settings: { ...settings, ...more } });
const attempts = (run: Run) => pool.store.runs.attempts(pool.teamId, run.id);
const checkpointed = (run: Run, step = 4) =>
  until(async () => (await attempts(run)).some(({ checkpointStep = 0 }) => checkpointStep >= step));
const started = (run: Run) => until(async () => (await attempts(run)).length > 0);
const adapterOf = async (run: Run): Promise<string> => {
  const artifacts = await pool.store.artifacts.ofRun(pool.teamId, run.id);
  return artifacts.find(({ name }) => name === "adapter_model.safetensors")!.sha256;
};
/** Lets a lease run out now instead of 45 s later. */
async function expireLease(run: Run): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("update run set lease_until = now() - interval '1 s' where id = $1", [run.id]);
  await client.query("update worker_pulse set held = '{}'");
  await client.end();
}

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  pool = await startPool(databaseUrl);
  triplets = await pool.dataset("triplets", 96);
  const worker = await start();
  modelId = await pool.importShallow();
  const run = await train();
  const begin = performance.now();
  await pool.end(run.id);
  console.log(`undisturbed: ${Math.round(performance.now() - begin)} ms`);
  undisturbed = await adapterOf(run);
  worker.process.kill("SIGTERM");
  await once(worker.process, "exit");
});
afterEach(async () => {
  for (const { process: child } of workers) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  // Until their silence is noticed, runs would be placed on them.
  await pool.store.workers.markLost(0, 0);
});
afterAll(() => pool?.close());

describe("a worker that is killed", () => {
  it("takes its compute process along, and another worker resumes to the same bits", async () => {
    const first = await start();
    const run = await train();
    await checkpointed(run);
    const child = await pool.childOf(first);
    const killed = performance.now();
    first.process.kill("SIGKILL");
    await until(async () => !(await isRunning(child)), 5);
    console.log(`orphan gone after ${Math.round(performance.now() - killed)} ms`);
    await start();
    await until(async () => (await attempts(run)).length === 2, 75);
    console.log(`killed to claimed again: ${Math.round(performance.now() - killed)} ms`);
    const { result } = await pool.end(run.id);
    expect((result as { resumedFromStep: number }).resumedFromStep).toBeGreaterThanOrEqual(4);
    expect(await adapterOf(run)).toBe(undisturbed);
    const [lost, second] = await attempts(run);
    expect(lost).toMatchObject({
      state: "LOST",
      failure: "infrastructure",
      problem: { code: "worker/lost" },
    });
    expect(second.state).toBe("SUCCEEDED");
    const { items } = await pool.store.metrics.list(pool.teamId, run.id, { name: "loss", limit: 200 });
    expect(items.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it("leaves nothing in the scratch folder once another has started", async () => {
    const folder = `${pool.folder}/scratch`;
    const worker = await start();
    const owners = async () => (await readdir(folder)).map((name) => Number(name.split(".").at(-2)));
    // A worker takes its folder while it registers: before that it removes what others have left, and for a moment its own
    // is a draft without a number.
    await expect.poll(owners, { timeout: 30_000 }).toEqual([worker.process.pid]);
  });
});

describe("a compute process that is killed", () => {
  it("is reported with its signal, and the run goes on from its checkpoint at once", async () => {
    const worker = await start();
    const run = await train();
    await checkpointed(run);
    process.kill(await pool.childOf(worker), "SIGKILL");
    const killed = performance.now();
    await until(async () => (await attempts(run)).length === 2);
    console.log(`crash to claimed again: ${Math.round(performance.now() - killed)} ms`);
    await pool.end(run.id);
    const [crashed, second] = await attempts(run);
    expect(crashed).toMatchObject({
      state: "FAILED",
      failure: "crash",
      problem: { code: "worker/child-crashed" },
    });
    expect(crashed.problem!.detail).toContain("SIGKILL");
    expect(second.state).toBe("SUCCEEDED");
    expect(await adapterOf(run)).toBe(undisturbed);
    expect(worker.process.exitCode).toBeNull();
  });

  it("quarantines a run that crashes three times without progress, until a person retries it", async () => {
    const worker = await start();
    const run = await train({ checkpointEvery: 1000 });
    for (let attempt = 1; attempt <= 3; attempt++) {
      await until(async () => (await attempts(run)).length === attempt);
      await until(async () => worker.log().split("compute process started").length > attempt);
      process.kill(await pool.childOf(worker), "SIGSEGV");
      await until(async () => (await attempts(run))[attempt - 1].state === "FAILED");
    }
    const { problem } = await pool.end(run.id, "QUARANTINED");
    expect(problem).toMatchObject({ code: "run/quarantined" });
    expect(problem!.detail).toContain("SIGSEGV");
    expect((await attempts(run)).map(({ failure }) => failure)).toEqual(["crash", "crash", "poison"]);
    await pool.store.runs.retry(pool.teamId, run.id);
    await pool.end(run.id);
    expect(await adapterOf(run)).toBe(undisturbed);
  });
});

describe("cancelling", () => {
  it("stops a running computation within 10 s, and leaves nothing of it", async () => {
    const worker = await start();
    const run = await train({ steps: 4000 });
    await checkpointed(run);
    const child = await pool.childOf(worker);
    const asked = performance.now();
    await pool.store.runs.cancel(pool.teamId, run.id);
    await pool.end(run.id, "CANCELLED");
    console.log(`cancelled after ${Math.round(performance.now() - asked)} ms`);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(await isRunning(child)).toBe(false);
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["CANCELLED"]);
    expect(await pool.store.artifacts.ofRun(pool.teamId, run.id)).toEqual([]);
  });
});

describe("SIGTERM", () => {
  it("gives the run back with the last step saved and no attempt charged, and ends with 0", async () => {
    const worker = await start();
    const run = await train({ checkpointEvery: 1000 });
    await until(async () => {
      const { items } = await pool.store.metrics.list(pool.teamId, run.id, { name: "loss" });
      return items.length > 2;
    });
    const asked = performance.now();
    worker.process.kill("SIGTERM");
    const [code] = (await once(worker.process, "exit")) as [number | null];
    console.log(`ended after ${Math.round(performance.now() - asked)} ms`);
    expect(code).toBe(0);
    const [returned] = await attempts(run);
    expect(returned).toMatchObject({ state: "RETURNED", failure: "preempted" });
    expect(returned.checkpointStep).toBeGreaterThan(2);
    expect((await pool.store.runs.get(pool.teamId, run.id)).state).toMatch(/QUEUED|DISPATCHED/);
    await start();
    const { result } = await pool.end(run.id);
    expect(result).toMatchObject({ resumedFromStep: returned.checkpointStep });
    expect(await adapterOf(run)).toBe(undisturbed);
  });
});

describe("a worker that is frozen until others took over", () => {
  it("commits nothing when it wakes, and ends its computation", async () => {
    const zombie = await start();
    const run = await train({ steps: 400 });
    await checkpointed(run);
    const child = await pool.childOf(zombie);
    zombie.process.kill("SIGSTOP");
    await expireLease(run);
    await start();
    await until(async () => (await attempts(run)).length === 2);
    zombie.process.kill("SIGCONT");
    await until(async () => !(await isRunning(child)), 10);
    await until(async () => zombie.log().includes("attempt abandoned"));
    expect((await attempts(run)).map(({ state }) => state)).toEqual(["LOST", "RUNNING"]);
    await pool.store.runs.cancel(pool.teamId, run.id);
    await pool.end(run.id, "CANCELLED");
  });
});

describe("two workers on one host", () => {
  it("share runs without clashing", async () => {
    await Promise.all([start(), start()]);
    const runs = await Promise.all([train({ steps: 20 }), train({ steps: 20 })]);
    for (const run of runs) await started(run);
    const [one, two] = [await pool.end(runs[0].id), await pool.end(runs[1].id)];
    expect(one.workerId).not.toBe(two.workerId);
    expect(await adapterOf(one)).toBe(await adapterOf(two));
  });
});
