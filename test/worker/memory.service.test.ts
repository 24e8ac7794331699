import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../servers/postgres.ts";
import { demoModel, startPool, type Pool, type TestWorker } from "./pool.ts";

const run = promisify(execFile);
const missing = process.platform !== "linux" && "limits of memory are set with Linux's prlimit";

let pool: Pool;
let worker: TestWorker;
let modelId: string;
let triplets: string;
beforeAll(async () => {
  if (missing) return;
  pool = await startPool(await freshDatabase());
  triplets = await pool.dataset("triplets", 192);
  worker = await pool.worker();
  const imported = await pool.importModel(demoModel);
  await pool.end(imported.run.id);
  modelId = imported.modelId;
});
afterAll(() => pool?.close());

/** The kernel refuses memory beyond this to the compute processes that the worker starts from now on. */
const limit = (megabytes: number) =>
  run("prlimit", [`--pid=${worker.process.pid}`, `--data=${megabytes * 1e6}`]);

/** One step over 576 texts: about 1.4 GB with chunks of 8,192 tokens, 0.8 GB with half. */
const train = (chunkTokens: number) =>
  pool.submit({
    kind: "train",
    model: modelId,
    datasetId: triplets,
    settings: { steps: 1, batchSize: 192, chunkTokens },
  });
const firstLoss = ({ result }: { result?: unknown }) => (result as { firstLoss: number }).firstLoss;

describe.skipIf(missing)("a training for which memory does not suffice", () => {
  it("succeeds with half the chunk, with the same numbers", async () => {
    const whole = await pool.end((await train(8192)).id);
    await limit(1250);
    const { id } = await train(8192);
    const small = await pool.end(id);
    expect(await pool.store.runs.attempts(pool.teamId, id)).toMatchObject([
      { state: "FAILED", failure: "out-of-memory", problem: { code: "device/out-of-memory" } },
      { state: "SUCCEEDED" },
    ]);
    expect(firstLoss(small)).toBeCloseTo(firstLoss(whole), 5);
    expect(whole.attempt).toBe(1);
  });

  it("fails when half the chunk does not fit either, with advice in numbers", async () => {
    await limit(600);
    const { id } = await train(8192);
    const { problem, failure } = await pool.end(id, "FAILED");
    expect(failure).toBe("out-of-memory");
    expect(problem!.detail).toContain("chunks of 8192 tokens and again with 4096; set chunkTokens to 2048");
    expect(await pool.store.runs.attempts(pool.teamId, id)).toHaveLength(2);
    expect(worker.process.exitCode).toBeNull();
  });
});
