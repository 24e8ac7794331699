import { expect, it } from "vitest";
import { newId } from "../id.ts";
import { fitMemory } from "./fit-memory.ts";
import { predictMemory, sizeAfter, type RunSpec } from "./kinds.ts";

/** HuggingFaceTB/SmolLM2-135M, of its config.json. */
const size = { layers: 30, hiddenSize: 576, vocabularySize: 49_152, parameters: 134_515_008 };
const first10 = { ...size, layers: 10, parameters: 63_713_088 };
/** 12 layers of the width of SmolLM2-360M. */
const wide = { layers: 12, hiddenSize: 960, vocabularySize: 49_152, parameters: 165_171_840 };
const ids = { model: newId("model"), datasetId: newId("dataset") };
const train = (maxLength: number, batchSize: number, settings: object = {}): RunSpec => ({
  kind: "train",
  ...ids,
  encoding: { maxLength },
  settings: { batchSize, ...settings },
});
const embed = (maxLength: number): RunSpec => ({
  kind: "evaluate",
  model: ids.model,
  datasetIds: [ids.datasetId],
  encoding: { maxLength },
});

// Peaks of the compute process in MB, measured by `npm run bench -- memory` with onnxruntime-node 1.30 on Linux x64, 2 cores.
it.each([
  ["an evaluation", embed(16), first10, 412],
  ["an evaluation of long texts", embed(512), first10, 403],
  ["an evaluation at full depth", embed(64), size, 708],
  ["an evaluation of a wide model", embed(32), wide, 790],
  ["few texts", train(16, 8), first10, 634],
  ["a full chunk", train(16, 32), first10, 931],
  ["two chunks", train(16, 64), first10, 930],
  ["longer texts", train(256, 4), first10, 1032],
  ["the longest texts", train(512, 2), first10, 1155],
  ["chunks of 4,096", train(64, 32, { chunkTokens: 4096 }), first10, 2382],
  ["all weights", train(16, 32, { method: "full" }), first10, 1960],
  ["all weights in small chunks", train(32, 4, { method: "full", chunkTokens: 256 }), first10, 1587],
  ["few texts at full depth", train(16, 4), size, 1080],
  ["a full chunk at full depth", train(16, 24), size, 2163],
  ["chunks of 512 at full depth", train(128, 4, { chunkTokens: 512 }), size, 1573],
  ["a full chunk of a wide model", train(16, 24), wide, 1816],
  ["chunks of 512 of a wide model", train(128, 4, { chunkTokens: 512 }), wide, 1399],
])("the prediction of %s is within 15 %% of what was measured", (_, spec, of, measured) => {
  const ratio = predictMemory(spec, of)! / 1e6 / measured;
  expect(ratio).toBeGreaterThan(0.85);
  expect(ratio).toBeLessThan(1.15);
});

it("training all weights takes more than an adapter, and fewer layers take less", () => {
  const adapter = predictMemory(train(128, 64), size)!;
  expect(predictMemory(train(128, 64, { method: "full" }), size)).toBeGreaterThan(adapter + 1e9);
  const half = sizeAfter({ kind: "prune", model: ids.model, layers: { dropPercent: 50 } }, size);
  expect(half.layers).toBe(15);
  expect(predictMemory(train(128, 64), half)).toBeLessThan(0.65 * adapter);
});

it("of a model that nobody has read yet nothing is predicted, but a stream of files is", () => {
  expect(predictMemory(embed(512), undefined)).toBeUndefined();
  expect(predictMemory({ kind: "prune", model: ids.model, layers: 2 }, undefined)).toBe(400e6);
});

it("keeps what a budget has room for, never more than there is, and never takes a larger chunk than asked for", () => {
  const spec = train(16, 64);
  const whole = predictMemory(spec, size)!;
  expect(fitMemory(spec, size, whole)).toEqual({ chunkTokens: 1024, keptBytes: 0, bytes: whole });
  const some = fitMemory(spec, size, whole + 1e9)!;
  expect(some.chunkTokens).toBe(1024);
  expect(some.keptBytes).toBeGreaterThan(0.5e9);
  expect(some.bytes).toBeLessThanOrEqual(whole + 1e9);
  const all = fitMemory(spec, size, 1e12)!;
  expect(all.keptBytes).toBeLessThan(3e9);
  // A search keeps nothing.
  expect(fitMemory(embed(16), size, 1e12)!.keptBytes).toBe(0);
});

it("shrinks the chunk until the budget holds, and computes again what it has no room for", () => {
  const plan = fitMemory(train(16, 64), size, 1.2e9)!;
  expect(plan.chunkTokens).toBeLessThan(512);
  expect(plan.bytes).toBeLessThanOrEqual(1.2e9);
  const again = fitMemory(train(16, 64), size, 1e12, true)!;
  expect(again).toMatchObject({ chunkTokens: 512, keptBytes: 0 });
});

it("SmolLM2-135M trains batches of 256 triplets under 4 GB", () => {
  expect(predictMemory(train(512, 256), size)).toBeLessThan(4e9);
});

it("refuses what no chunk makes fit, and says what would: shorter texts, or fewer layers", () => {
  const refused = (spec: RunSpec, budget: number): string => {
    try {
      fitMemory(spec, size, budget);
    } catch (error) {
      expect(error).toMatchObject({ code: "run/does-not-fit" });
      return (error as Error).message;
    }
    throw new Error("it was not refused");
  };
  const said = refused(train(512, 64), 1.5e9);
  const layers = Number(/its first (\d+) layers/.exec(said)![1]);
  const length = Number(/at most (\d+) tokens/.exec(said)![1]);
  expect(fitMemory(train(length, 64), size, 1.5e9)).toBeDefined();
  const cut = sizeAfter({ kind: "prune", model: ids.model, layers }, size);
  expect(fitMemory(train(512, 64), cut, 1.5e9)).toBeDefined();
  const less = sizeAfter({ kind: "prune", model: ids.model, layers: layers + 1 }, size);
  expect(predictMemory(train(512, 64), less, 1)).toBeGreaterThan(1.5e9);
  expect(refused(embed(512), 1e8)).not.toContain("It would fit");
});
