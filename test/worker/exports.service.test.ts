import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { env, pipeline } from "@huggingface/transformers";
import type { Encoding, ExportResult, RunSpec } from "@espalier/contract";
import { cosine, Encoder } from "@espalier/encoder";
import { openCheckpoint, readAdapter } from "@espalier/model";
import { chooseEngine } from "@espalier/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../servers/postgres.ts";
import { demoModel, startPool, type Pool } from "./pool.ts";

let pool: Pool;
let base: string;
let cut: string;
let folder: string;

beforeAll(async () => {
  pool = await startPool(await freshDatabase());
  await pool.worker();
  folder = await mkdtemp(join(tmpdir(), "espalier-exports-"));
  const imported = await pool.importModel(demoModel);
  await pool.end(imported.run.id);
  base = imported.modelId;
  cut = await modelOf({ kind: "prune", model: base, layers: 4 });
});
afterAll(async () => {
  await pool?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const modelOf = async (spec: RunSpec): Promise<string> => {
  const { result } = await pool.end((await pool.submit(spec)).id);
  return (result as { modelId: string }).modelId;
};

async function train(encoding: Encoding, settings: object = {}): Promise<string> {
  const datasetId = await pool.dataset("triplets", 64);
  const recipe = { steps: 6, batchSize: 8, learningRate: 1e-3, ...settings };
  return modelOf({ kind: "train", model: cut, datasetId, encoding, settings: recipe });
}

/** Puts an exported folder where a user would download it to. */
async function placed(result: ExportResult, format: string, name: string): Promise<string> {
  const { files } = result.exports.find((each) => each.format === format)!;
  const directory = join(folder, name, format);
  for (const file of files) {
    const { location } = await pool.store.artifacts.stored(pool.teamId, file.artifactId);
    const target = dirname(file.name) === "." ? directory : join(directory, dirname(file.name));
    await pool.store.bytes.materialise([{ name: file.name.split("/").at(-1)!, location }], target);
  }
  return directory;
}

const texts = ["the cat sleeps on the mat", "a dog barks", "markets fell sharply on monday morning"];
const unit = (vector: ArrayLike<number>) => Float32Array.from(vector);

describe("a model trained to be served", () => {
  const encoding: Encoding = { pooling: "mean", pooled: "sequence", maxLength: 64 };
  let trained: string;
  let result: ExportResult;
  let expected: Float32Array[];
  beforeAll(async () => {
    trained = await train(encoding);
    const formats = ["safetensors", "peft", "sentence-transformers", "onnx"] as const;
    const run = await pool.submit({ kind: "export", model: trained, formats: [...formats], dtype: "F32" });
    result = (await pool.end(run.id)).result as ExportResult;
    await pool.store.bytes.materialise(
      await pool.store.models.files(pool.teamId, trained),
      join(folder, "trained"),
    );
    const encoder = await Encoder.load(join(folder, "trained"), {
      engine: chooseEngine("onnx-cpu"),
      pooling: "mean",
      pooled: "sequence",
    });
    expected = await encoder.embed(texts, { normalize: true });
    await encoder.close();
  });

  it("is exported in every format by one run, each as good as the trained model", () => {
    expect(result.exports.map(({ format }) => format)).toEqual([
      "safetensors",
      "peft",
      "sentence-transformers",
      "onnx",
    ]);
    for (const { parity } of result.exports) expect(parity.least).toBeGreaterThan(0.9999);
    const { int8, files } = result.exports[3];
    expect(int8?.least).toBeGreaterThan(0.99);
    expect(files.map(({ name }) => name)).toContain("onnx/model_quantized.onnx");
    expect(result.notes.join()).toMatch(/the 4 layers/);
  });

  it("shares what the formats have in common instead of storing it again", () => {
    const [safetensors, , sentences] = result.exports;
    for (const file of safetensors.files) expect(sentences.files).toContainEqual(file);
  });

  it.each(["safetensors", "sentence-transformers", "onnx"])(
    "carries the tokenizer unchanged in %s",
    async (format) => {
      const directory = await placed(result, format, "tokenizer");
      const [before, after] = await Promise.all(
        [join(folder, "trained"), directory].map((at) => readFile(join(at, "tokenizer.json"), "utf8")),
      );
      expect(after).toBe(before);
    },
  );

  it("gives a PEFT adapter that says how many layers of its base it is for", async () => {
    const directory = await placed(result, "peft", "served");
    const config = JSON.parse(await readFile(join(directory, "adapter_config.json"), "utf8")) as object;
    expect(config).toMatchObject({ base_model_name_or_path: "demo", layer_replication: [[0, 4]], r: 16 });
    expect((await readAdapter(directory)).pairs.size).toBe(4 * 7);
  });

  it("gives a sentence-transformers folder whose pooling is the one it was trained with", async () => {
    const directory = await placed(result, "sentence-transformers", "served");
    const read = async (name: string) => JSON.parse(await readFile(join(directory, name), "utf8")) as object;
    expect(await read("1_Pooling/config.json")).toMatchObject({
      word_embedding_dimension: 128,
      pooling_mode_mean_tokens: true,
      pooling_mode_lasttoken: false,
      include_prompt: true,
    });
    expect(await read("modules.json")).toHaveLength(3);
    expect(await read("tokenizer_config.json")).toMatchObject({
      padding_side: "right",
      model_max_length: 64,
    });
    const checkpoint = await openCheckpoint(directory);
    expect(checkpoint.config.layers).toBe(4);
    await checkpoint.close();
  });

  it("loads in transformers.js, in fp32 and in 8 bits, with the same vectors", async () => {
    const directory = await placed(result, "onnx", "served");
    env.allowRemoteModels = false;
    env.localModelPath = dirname(directory);
    for (const [dtype, least] of [
      ["fp32", 0.9999],
      ["q8", 0.99],
    ] as const) {
      const extract = await pipeline("feature-extraction", "onnx", { dtype, device: "cpu" });
      const output = await extract([...texts], { pooling: "mean", normalize: true });
      expect(output.dims).toEqual([texts.length, 128]);
      for (const [i, vector] of (output.tolist() as number[][]).entries())
        expect(cosine(unit(vector), expected[i]), `${dtype}: ${texts[i]}`).toBeGreaterThan(least);
      await extract.dispose();
    }
  });

  it("is split where a file of weights would be too large, with an index", async () => {
    const run = await pool.submit({ kind: "export", model: trained, shardBytes: 1_000_000, dtype: "F32" });
    const { exports } = (await pool.end(run.id)).result as ExportResult;
    const names = exports[0].files.map(({ name }) => name);
    expect(names).toContain("model.safetensors.index.json");
    expect(names.filter((name) => name.endsWith(".safetensors")).length).toBeGreaterThan(2);
    const directory = await placed({ exports, notes: [] }, "safetensors", "sharded");
    const checkpoint = await openCheckpoint(directory);
    expect(checkpoint.config.layers).toBe(4);
    await checkpoint.close();
  });
});

it("refuses formats that cannot hold the model, and says what to do instead", async () => {
  const plain = await pool.submit({ kind: "export", model: cut, formats: ["peft"] });
  expect((await pool.end(plain.id, "FAILED")).problem).toMatchObject({
    code: "export/unsupported",
    detail: expect.stringContaining("no adapter"),
  });
});

it("leaves out what the model cannot be written in where it is to, but not the only format", async () => {
  const some = await pool.submit({
    kind: "export",
    model: cut,
    formats: ["safetensors", "peft"],
    leaveOut: true,
  });
  const { exports, leftOut } = (await pool.end(some.id)).result as ExportResult;
  expect(exports.map(({ format }) => format)).toEqual(["safetensors"]);
  expect(leftOut).toEqual([{ format: "peft", reason: expect.stringContaining("no adapter") }]);
  const none = await pool.submit({ kind: "export", model: cut, formats: ["peft"], leaveOut: true });
  expect((await pool.end(none.id, "FAILED")).problem).toMatchObject({ code: "export/unsupported" });
});

it("exports a model of which every weight was trained", async () => {
  const trained = await train({ pooling: "mean" }, { method: "full", steps: 2 });
  const run = await pool.submit({ kind: "export", model: trained, formats: ["safetensors", "onnx"] });
  const { exports } = (await pool.end(run.id)).result as ExportResult;
  for (const { parity } of exports) expect(parity.least).toBeGreaterThan(0.9999);
});
