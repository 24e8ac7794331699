import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { exportFormats, type Encoding, type EvaluationResult, type ExportResult } from "@espalier/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { espalier } from "../../apps/cli/src/testing/espalier.ts";
import { freshDatabase } from "../servers/postgres.ts";
import { demoModel, startPool, type Pool } from "../worker/pool.ts";

const encoding: Encoding = { pooling: "mean", pooled: "sequence", maxLength: 32 };
const options = ["--pooling", "mean", "--pooled", "sequence", "--max-length", "32"];
const settings = { steps: 3, batchSize: 8, learningRate: 1e-3 };

let pool: Pool;
let folder: string;
beforeAll(async () => {
  pool = await startPool(await freshDatabase());
  await pool.worker();
  folder = await mkdtemp(join(tmpdir(), "espalier-runs-"));
  for (const [name, lines] of [
    ["triplets", 64],
    ["sts", 40],
  ] as const) {
    const text = await readFile(join(demoModel, `../${name}.jsonl`), "utf8");
    await writeFile(join(folder, `${name}.jsonl`), text.split("\n").slice(0, lines).join("\n"));
  }
});
afterAll(async () => {
  await pool?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A command line in the folder, which must succeed. */
async function run(...args: string[]): Promise<unknown> {
  const { code, out, err } = await espalier([...args, ...options, "--json"], { cwd: folder });
  expect(code, err).toBe(0);
  return JSON.parse(out);
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** Checksums of all files of a folder, by their paths. */
async function checksums(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sums = files.map(async (file) => [relative(directory, file), sha256(await readFile(file))]);
  return Object.fromEntries(await Promise.all(sums)) as Record<string, string>;
}

/** Checksums of what a run has stored, by the paths that a user would see. */
async function storedSums(files: readonly { name: string; artifactId: string }[]) {
  const sums = files.map(async ({ name, artifactId }) => {
    const { location } = await pool.store.artifacts.stored(pool.teamId, artifactId);
    return [name, sha256(await readFile(await pool.store.bytes.pathOf(location)))];
  });
  return Object.fromEntries(await Promise.all(sums)) as Record<string, string>;
}

describe("a command on a folder gives what a run that is asked for the same gives", () => {
  test("train, evaluate and export, to the last byte", async () => {
    const small = join(folder, "demo");
    await espalier(["prune", demoModel, small, "--keep", "2"]);
    const imported = await pool.importModel(small, "demo");
    await pool.end(imported.run.id);
    const datasetId = await pool.dataset("triplets", 64);
    const sts = await pool.dataset("sts", 40);
    const training = await pool.submit({
      kind: "train",
      model: imported.modelId,
      datasetId,
      encoding,
      settings,
    });
    const model = { run: training.id };
    const evaluation = await pool.submit({ kind: "evaluate", model, datasetIds: [sts], encoding });
    const exporting = await pool.submit({ kind: "export", model, formats: [...exportFormats], dtype: "F32" });

    const set = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
    const data = ["--triplets", "triplets.jsonl", "--out", "trained", "--base", "demo"];
    const trained = await run("train", "demo", ...data, ...set);
    const scores = (await run("evaluate", "trained", "--sts", "sts.jsonl")) as EvaluationResult;
    await run("export", "trained", "--format", "all", "--dtype", "F32", "--out", "exported");

    const { result } = await pool.end(training.id);
    const { modelId, firstLoss, lastLoss } = result as {
      modelId: string;
      firstLoss: number;
      lastLoss: number;
    };
    expect(trained).toMatchObject({ steps: 3, firstLoss, lastLoss });
    const { files } = await pool.store.models.get(pool.teamId, modelId);
    expect(await checksums(join(folder, "trained"))).toEqual(await storedSums(files));

    const [{ datasetId: _, ...score }] = ((await pool.end(evaluation.id)).result as EvaluationResult).scores;
    expect(scores.scores).toEqual([score]);

    const { exports } = (await pool.end(exporting.id)).result as ExportResult;
    for (const { format, files } of exports)
      expect(await checksums(join(folder, "exported", format))).toEqual(await storedSums(files));
  });

  test("the whole model is trained with method=full, and a folder that is there is not written over", async () => {
    const args = ["train", "demo", "--triplets", "triplets.jsonl", "--set", "steps=1"];
    await run(...args, "--set", "batchSize=8", "--set", "method=full", "--out", "full");
    expect(Object.keys(await checksums(join(folder, "full")))).not.toContain("adapter_config.json");
    const before = await checksums(join(folder, "full"));
    const { code, err } = await espalier([...args, "--out", "full"], { cwd: folder });
    expect([code, err]).toEqual([1, expect.stringContaining("full exists; choose another folder")]);
    expect(await checksums(join(folder, "full"))).toEqual(before);
  });
});
