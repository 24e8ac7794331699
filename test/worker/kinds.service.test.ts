import { cp, mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import type { ArtifactKind, EvaluationResult, Run, SearchResult } from "@espalier/contract";
import { parseUnits } from "@espalier/evaluation";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openCheckpoint } from "@espalier/model";
import { freshDatabase } from "../servers/postgres.ts";
import { demoModel, startPool, until, type Pool, type TestWorker } from "./pool.ts";

let pool: Pool;
let worker: TestWorker;
let modelId: string;
let triplets: string;
let sts: string;

beforeAll(async () => {
  pool = await startPool(await freshDatabase());
  worker = await pool.worker({ SECRET_TOKEN: "not for children" });
  triplets = await pool.dataset("triplets", 96);
  sts = await pool.dataset("sts", 40);
});
afterAll(() => pool?.close());

const modelOf = (run: Run): string => (run.result as { modelId: string }).modelId;

it("imports a model, which is READY with what its tensors say", async () => {
  const started = performance.now();
  const imported = await pool.importModel(demoModel);
  modelId = imported.modelId;
  const run = await pool.end(imported.run.id);
  console.log(`import: ${Math.round(performance.now() - started)} ms from submission to success`);
  expect(run.result).toEqual({ modelId });
  const model = await pool.store.models.get(pool.teamId, modelId);
  expect(model).toMatchObject({ state: "READY", architecture: { type: "llama", layers: 12, dtype: "BF16" } });
});

it("searches, prunes to a pick, evaluates, trains, evaluates again and exports, each run with what it leaves", async () => {
  const { store, teamId } = pool;
  const search = await pool.submit({
    kind: "search",
    model: modelId,
    datasetId: triplets,
    settings: { batchSize: 16, batches: 4 },
  });
  const prune = await pool.submit({
    kind: "prune",
    model: modelId,
    layers: { run: search.id, pick: "small" },
    name: "cut",
  });
  const before = await pool.submit({ kind: "evaluate", model: { run: prune.id }, datasetIds: [sts] });
  const train = await pool.submit({
    kind: "train",
    engine: "onnx-cpu",
    precision: "fp32",
    model: { run: prune.id },
    datasetId: triplets,
    settings: { steps: 4, batchSize: 8 },
  });
  const after = await pool.submit({ kind: "evaluate", model: { run: train.id }, datasetIds: [sts] });
  const merge = await pool.submit({ kind: "export", model: { run: train.id }, name: "merged" });

  const found = (await pool.end(search.id)).result as SearchResult;
  expect(found.lossByLayer).toHaveLength(12);
  const { items: curve } = await store.metrics.list(teamId, search.id, { name: "layer_loss" });
  expect(curve.map(({ value }) => value)).toEqual(found.lossByLayer);

  const cut = await store.models.get(teamId, modelOf(await pool.end(prune.id)));
  expect(cut).toMatchObject({ name: "cut", state: "READY", baseModelId: modelId });
  expect(cut.architecture?.layers).toBe(found.small);

  const first = (await pool.end(before.id)).result;
  expect(first).toMatchObject({ scores: [{ datasetId: sts, task: "sts", units: 40 }] });
  const { items: scores } = await store.metrics.list(teamId, before.id, { name: "sts/spearman" });
  expect(scores).toMatchObject([{ step: 0, value: (first as EvaluationResult).scores[0].score }]);

  const trained = await pool.end(train.id);
  expect(trained.result).toMatchObject({
    steps: 4,
    trainableParameters: expect.any(Number),
    computedOn: { engine: "onnx-cpu", precision: "fp32", devices: [expect.stringContaining("core")] },
  });
  const [{ devices }] = await store.workers.list();
  expect(devices[0].rates).toContainEqual(
    expect.objectContaining({ engine: "onnx-cpu", precision: "fp32", forward: expect.any(Number) }),
  );
  const adapted = await store.models.get(teamId, modelOf(trained));
  const files = adapted.files.map(({ name }) => name).sort();
  expect(files).toEqual([...cut.files.map(({ name }) => name), ...adapterFiles].sort());
  const shared = cut.files.every(({ artifactId }) => adapted.files.some((f) => f.artifactId === artifactId));
  expect(shared).toBe(true);
  const { items: losses } = await store.metrics.list(teamId, train.id, { name: "loss" });
  expect(losses.map(({ step }) => step)).toEqual([1, 2, 3, 4]);

  expect(await manifestOf(train.id)).toMatchObject({
    run: train.id,
    attempt: 1,
    engine: "onnx-cpu",
    precision: "fp32",
    resolved: {
      mode: "default",
      encoding: { pooling: "weighted_mean" },
      settings: { steps: 4, learningRate: 2e-4 },
    },
    inputs: expect.arrayContaining([
      expect.objectContaining({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    ]),
    outputs: expect.arrayContaining([expect.objectContaining({ name: "adapter_model.safetensors" })]),
  });

  const second = (await pool.end(after.id)).result;
  expect(second).toMatchObject({ scores: [{ datasetId: sts, task: "sts", units: 40 }] });
  expect(second).not.toEqual(first);
  // What each pair adds is stored too, so that two models are compared pair by pair without another run.
  const units = parseUnits(await contentOf(after.id, "evaluation-units"));
  expect(units).toMatchObject({ datasetId: sts, task: "sts", statistic: "spearman" });
  expect([units.values.length, units.gold?.length]).toEqual([40, 40]);

  const merged = await store.models.get(teamId, modelOf(await pool.end(merge.id)));
  expect(merged.files.map(({ name }) => name)).not.toContain("adapter_config.json");
  const folder = await mkdtemp(join(tmpdir(), "espalier-merged-"));
  await store.bytes.materialise(await store.models.files(teamId, merged.id), join(folder, "model"));
  const checkpoint = await openCheckpoint(join(folder, "model"));
  expect(checkpoint.config.layers).toBe(found.small);
  await checkpoint.close();
  await rm(folder, { recursive: true });
});

it("trains at drawn depths, and prunes what was trained, the adapter merged", async () => {
  const train = await pool.submit({
    kind: "train",
    model: modelId,
    datasetId: triplets,
    settings: { steps: 2, batchSize: 8, adaptiveLayers: 2 },
  });
  const prune = await pool.submit({ kind: "prune", model: { run: train.id }, layers: 5 });
  const all = await pool.submit({
    kind: "evaluate",
    model: { run: train.id },
    datasetIds: [sts],
    depths: [5],
  });
  const cut = await pool.submit({ kind: "evaluate", model: { run: prune.id }, datasetIds: [sts] });
  const pruned = await pool.store.models.get(pool.teamId, modelOf(await pool.end(prune.id)));
  expect(pruned.architecture?.layers).toBe(5);
  expect(pruned.files.map(({ name }) => name)).not.toContain("adapter_config.json");
  const [{ scores }] = ((await pool.end(all.id)).result as EvaluationResult).depths!;
  const alone = ((await pool.end(cut.id)).result as EvaluationResult).scores;
  // The model is in 16 bits, and so is what the adapter is merged into.
  expect(alone[0].score).toBeCloseTo(scores[0].score, 1);
});

it("teaches a pruned model by the whole one, and keeps what the teacher said", async () => {
  const { store, teamId } = pool;
  const prune = await pool.submit({
    kind: "prune",
    model: modelId,
    layers: 2,
    vocabularyOf: triplets,
  });
  const train = await pool.submit({
    kind: "train",
    model: { run: prune.id },
    teacher: modelId,
    datasetId: triplets,
    settings: { objective: "distill", steps: 2, batchSize: 8 },
  });
  const { result } = await pool.end(train.id);
  expect(result).toMatchObject({ steps: 2, taught: 48 });
  const whole = await store.models.get(teamId, modelId);
  const { architecture } = await store.models.get(teamId, modelOf(await store.runs.get(teamId, prune.id)));
  expect(architecture!.vocabularySize).toBeLessThan(whole.architecture!.vocabularySize);
  const artifacts = await store.artifacts.ofRun(teamId, train.id);
  expect(artifacts.map(({ kind }) => kind)).toContain("teacher-vectors");
  const { files } = await store.models.get(teamId, modelOf(await store.runs.get(teamId, train.id)));
  expect(files.map(({ name }) => name)).not.toContain("teacher-vectors.safetensors");
  expect(await manifestOf(train.id)).toMatchObject({ resolved: { teacher: { name: expect.any(String) } } });
});

/** What a run has written down of how it was made. */
const manifestOf = async (runId: string) =>
  JSON.parse(await contentOf(runId, "manifest")) as { resolved: object };

async function contentOf(runId: string, wanted: ArtifactKind): Promise<string> {
  const { store, teamId } = pool;
  const recorded = (await store.artifacts.ofRun(teamId, runId)).find(({ kind }) => kind === wanted)!;
  const { location } = await store.artifacts.stored(teamId, recorded.id);
  return readFile(await store.bytes.pathOf(location), "utf8");
}

const adapterFiles = ["adapter_config.json", "adapter_model.safetensors", "espalier.json"];

it("refuses a model with NaN in its weights, naming the tensor, and leaves nothing of it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "espalier-nan-"));
  await cp(demoModel, folder, { recursive: true });
  const file = await open(join(folder, "model.safetensors"), "r+");
  const { size } = await file.stat();
  await file.write(Uint8Array.of(0xff, 0x7f), 0, 2, size - 2);
  await file.close();
  const { modelId, run } = await pool.importModel(folder, "broken");
  await rm(folder, { recursive: true });
  const { problem } = await pool.end(run.id, "FAILED");
  expect(problem).toMatchObject({ code: "checkpoint/non-finite", file: "model.safetensors", byte: size - 2 });
  await expect(pool.store.models.get(pool.teamId, modelId)).rejects.toMatchObject({
    code: "resource/not-found",
  });
});

it("puts texts into the template that is asked for, which pruned models keep from the one they come from", async () => {
  const folder = await mkdtemp(join(tmpdir(), "espalier-chat-"));
  await cp(demoModel, folder, { recursive: true });
  await writeFile(
    join(folder, "chat_template.jinja"),
    "{{ bos_token }}<|im_start|>user\n{{ messages[0].content | trim }}<|im_end|>",
  );
  const imported = await pool.importModel(folder, "Qwen/Qwen2-1.5B-Instruct");
  await rm(folder, { recursive: true });
  await pool.end(imported.run.id);
  const prune = await pool.submit({ kind: "prune", model: imported.modelId, layers: 2 });
  const scores: Record<string, number> = {};
  for (const template of ["none", "auto", "qwen2-instruct", "chat"] as const) {
    const model = { run: prune.id };
    const run = await pool.submit({ kind: "evaluate", model, datasetIds: [sts], encoding: { template } });
    const { result } = await pool.end(run.id);
    scores[template] = (result as EvaluationResult).scores[0].score;
  }
  expect(scores["auto"]).toBe(scores["qwen2-instruct"]);
  expect(scores["chat"]).toBe(scores["qwen2-instruct"]);
  expect(scores["none"]).not.toBe(scores["qwen2-instruct"]);
});

it("pools as the model's folder says, which pruned models keep, and writes down what that was", async () => {
  const folder = await mkdtemp(join(tmpdir(), "espalier-pooling-"));
  await cp(demoModel, folder, { recursive: true });
  await mkdir(join(folder, "1_Pooling"));
  await writeFile(join(folder, "1_Pooling/config.json"), '{"pooling_mode_lasttoken": true}');
  const imported = await pool.importModel(folder, "pooled");
  await rm(folder, { recursive: true });
  await pool.end(imported.run.id);
  const model = { run: (await pool.submit({ kind: "prune", model: imported.modelId, layers: 2 })).id };
  const resolvedOf = async (spec: object) => {
    const run = await pool.submit({ kind: "evaluate", model, datasetIds: [sts], ...spec });
    const { result } = await pool.end(run.id);
    const { resolved } = await manifestOf(run.id);
    return { resolved, spearman: (result as EvaluationResult).scores[0].score };
  };
  const usual = await resolvedOf({});
  const told = { pooling: "last_token", pooled: "sequence" };
  expect(usual.resolved).toMatchObject({ mode: "default", encoding: told });
  const same = await resolvedOf({ mode: "reference", encoding: { ...told, maxLength: 512 } });
  expect(same.resolved).toMatchObject({ mode: "reference", encoding: told });
  expect(same.spearman).toBe(usual.spearman);
});

it("refuses the chat template of a model that has none", async () => {
  const encoding = { template: "chat" } as const;
  const run = await pool.submit({ kind: "evaluate", model: modelId, datasetIds: [sts], encoding });
  expect((await pool.end(run.id, "FAILED")).problem).toMatchObject({ code: "template/unusable" });
});

it("refuses a batch larger than the dataset before the first step", async () => {
  const settings = { steps: 2, batchSize: 128 };
  const run = await pool.submit({ kind: "train", model: modelId, datasetId: triplets, settings });
  expect((await pool.end(run.id, "FAILED")).problem).toMatchObject({ code: "dataset/too-small" });
  expect((await pool.store.runs.attempts(pool.teamId, run.id)).length).toBe(1);
});

it("refuses more layers than the model has", async () => {
  const run = await pool.submit({ kind: "prune", model: modelId, layers: 13 });
  expect((await pool.end(run.id, "FAILED")).problem).toMatchObject({ code: "layers/out-of-range" });
});

it("keeps connection strings and secrets from the compute process", async () => {
  const settings = { steps: 200, batchSize: 8 };
  const before = worker.log().length;
  const run = await pool.submit({ kind: "train", model: modelId, datasetId: triplets, settings });
  await until(async () => worker.log().slice(before).includes("compute process started"));
  const pid = await pool.childOf(worker);
  const environment = await readFile(`/proc/${pid}/environ`, "utf8");
  expect(environment).toContain("TMPDIR=");
  expect(environment).not.toMatch(/DATABASE_URL|SECRET_TOKEN|ESPALIER/);
  await pool.store.runs.cancel(pool.teamId, run.id);
  await pool.end(run.id, "CANCELLED");
});
