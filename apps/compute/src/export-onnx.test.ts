import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leastParity, resolveEncoding } from "@espalier/contract";
import { Encoder, loadModel, parityTexts, type LoadedModel } from "@espalier/encoder";
import { chooseEngine } from "@espalier/engine";
import { loadTemplate } from "@espalier/model/tokenizer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyWithOutliers } from "./testing/outliers.ts";
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
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

async function emptyFolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

const longest = () => Math.max(...parityTexts.map((text) => model.tokenizer.encode(text).length));

describe("ONNX files of an export", { timeout: 120_000 }, () => {
  it("come in floats and in 8 bits, each with its cosine over short and long texts", async () => {
    const exported = await emptyFolder("floats");
    const { files, parity, int8 } = await writeOnnxFiles(exported, model, options);
    expect(await readdir(exported)).toEqual([...files].toSorted());
    expect(files).toContain("model_quantized.onnx");
    expect(parity.least).toBeGreaterThan(leastParity);
    expect(int8.least).toBeGreaterThan(0.999);
    expect(int8).toMatchObject({ texts: parityTexts.length });
    expect(int8.refused).toBeUndefined();
    expect(longest()).toBeGreaterThan(96);
  });

  it("leave out the one in 8 bits where a few weights are so large that it would give other vectors", async () => {
    const [copy, exported] = [join(folder, "outliers"), await emptyFolder("refused")];
    await copyWithOutliers(demoModel, copy);
    const { files, parity, int8 } = await writeOnnxFiles(exported, await loadModel(copy), options);
    expect(parity.least).toBeGreaterThan(leastParity);
    expect(int8.least).toBeLessThan(0.99);
    expect(int8.refused).toBe(true);
    expect(files).toEqual(["model.onnx", "model.onnx_data"]);
    expect(await readdir(exported)).toEqual(files);
    expect(withoutEightBits(int8)).toContain(
      `worst cosine with the trained model over ${int8.texts} texts is ${int8.least.toFixed(4)}`,
    );
  });
});
