import { expect, it } from "vitest";
import { newId } from "../id.ts";
import { predictMemory, sizeAfter, type RunSpec } from "./kinds.ts";

/** HuggingFaceTB/SmolLM2-135M, of its config.json. */
const size = { layers: 30, hiddenSize: 576, vocabularySize: 49_152, parameters: 134_515_008 };
const common = { model: newId("model"), datasetId: newId("dataset") };
const trainSpec = (settings: object): RunSpec => ({ kind: "train", ...common, settings });
const evaluate: RunSpec = { kind: "evaluate", model: common.model, datasetIds: [common.datasetId] };

// Peaks of the compute process, measured with onnxruntime-node 1.30 on Linux x64 for weights of this shape: bf16 weights,
// batches of 8 triplets, one step; texts of 400 tokens in chunks of 1,024 for the evaluation; MiB.
it.each([
  ["evaluate", evaluate, 710],
  ["train, chunks of 256", trainSpec({ chunkTokens: 256 }), 1451],
  ["train, chunks of 1,024", trainSpec({ chunkTokens: 1024 }), 2378],
])(
  "the prediction of %s is at least what was measured, and at most half as much again",
  (_, spec, measured) => {
    const predicted = predictMemory(spec, size)!;
    expect(predicted).toBeGreaterThan(measured * 2 ** 20);
    expect(predicted).toBeLessThan(measured * 1.5 * 2 ** 20);
  },
);

it("training all weights takes more than an adapter, and fewer layers take less", () => {
  const adapter = predictMemory(trainSpec({}), size)!;
  expect(predictMemory(trainSpec({ method: "full" }), size)).toBeGreaterThan(adapter + 1e9);
  const half = sizeAfter({ kind: "prune", model: common.model, layers: { dropPercent: 50 } }, size);
  expect(half.layers).toBe(15);
  expect(predictMemory(trainSpec({}), half)).toBeLessThan(0.65 * adapter);
});

it("of a model that nobody has read yet nothing is predicted, but a stream of files is", () => {
  expect(predictMemory(evaluate, undefined)).toBeUndefined();
  expect(predictMemory({ kind: "prune", model: common.model, layers: 2 }, undefined)).toBe(400e6);
});
