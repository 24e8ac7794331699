import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leastParity, resolveEncoding } from "@espalier/contract";
import { Encoder, loadModel, parityTexts, type LoadedModel } from "@espalier/encoder";
import { chooseEngine } from "@espalier/engine";
import { decode, type WeightSource } from "@espalier/tensor";
import { loadTemplate } from "@espalier/model/tokenizer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withoutEightBits, writeOnnxFiles, type OnnxExport } from "./export-onnx.ts";

const demoModel = fileURLToPath(new URL("../../cli/demo/model", import.meta.url));

let folder: string;
let model: LoadedModel;
let options: OnnxExport;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-"));
  model = await loadModel(demoModel);
  const encoding = resolveEncoding({ pooling: "mean", pooled: "sequence", maxLength: 96 });
  const engine = chooseEngine("onnx-cpu", { threads: 1 });
  const encoder = await Encoder.load(demoModel, { engine, ...encoding });
  const trained = await encoder.embed(parityTexts);
  await encoder.close();
  const template = await loadTemplate("none", { directory: demoModel });
  options = { trained, encoding: { ...encoding, template }, pooling: "mean", threads: 1 };
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

async function valuesOf(source: WeightSource): Promise<Float32Array> {
  if ("data" in source) return Float32Array.from(source.data);
  const bytes = await readFile(source.file);
  return Float32Array.from(
    decode(Uint8Array.from(bytes.subarray(source.offset, source.offset + source.bytes)), source.dtype),
  );
}

/**
 * The same function in floats, with weights that 8 bits cannot hold: before each block of the feed-forward network one
 * input is made smaller, and all that it is multiplied with larger, by the same factor.
 */
async function withOutliers(): Promise<LoadedModel> {
  const factor = 2 ** 14;
  const channel = 11;
  const weights = new Map(model.weights);
  for (const [name, source] of model.weights) {
    const isNorm = name.endsWith("post_attention_layernorm.weight");
    if (!isNorm && !/(gate|up)_proj\.weight$/.test(name)) continue;
    const data = await valuesOf(source);
    const width = model.config.hiddenSize;
    for (let i = channel; i < data.length; i += width) data[i]! *= isNorm ? 1 / factor : factor;
    weights.set(name, { data, shape: source.shape });
  }
  return { ...model, weights };
}

const longest = () => Math.max(...parityTexts.map((text) => model.tokenizer.encode(text).length));

describe("ONNX files of an export", () => {
  it("come in floats and in 8 bits, each with its cosine over short and long texts", async () => {
    const { files, parity, int8 } = await writeOnnxFiles(folder, model, options);
    expect(await readdir(folder)).toEqual([...files].toSorted());
    expect(files).toContain("model_quantized.onnx");
    expect(parity.least).toBeGreaterThan(leastParity);
    expect(int8.least).toBeGreaterThan(0.999);
    expect(int8).toMatchObject({ texts: parityTexts.length });
    expect(int8.refused).toBeUndefined();
    expect(longest()).toBeGreaterThan(96);
  });

  it("leave out the one in 8 bits where a few weights are so large that it would give other vectors", async () => {
    await rm(folder, { recursive: true });
    await mkdir(folder);
    const { files, parity, int8 } = await writeOnnxFiles(folder, await withOutliers(), options);
    expect(parity.least).toBeGreaterThan(leastParity);
    expect(int8.least).toBeLessThan(0.99);
    expect(int8.refused).toBe(true);
    expect(files).toEqual(["model.onnx", "model.onnx_data"]);
    expect(await readdir(folder)).toEqual(files);
    expect(withoutEightBits(int8)).toContain(
      `worst cosine with the trained model over ${int8.texts} texts is ${int8.least.toFixed(4)}`,
    );
  });
});
