import { describe, expect, it } from "vitest";
import { conditionsOf, differencesOf } from "./conditions.ts";

const evaluation = {
  engine: "onnx-cpu",
  precision: "fp32",
  resolved: {
    mode: "default",
    evaluationRevision: 1,
    encoding: { pooling: "mean", pooled: "content", attention: "model", maxLength: 512, template: "none" },
  },
};
const training = {
  engine: "onnx-cpu",
  precision: "fp32",
  resolved: {
    settings: {
      objective: "supervised",
      scale: 50,
      batchSize: 64,
      hardNegatives: 1,
      accumulate: 1,
      steps: 100,
    },
  },
};
const data = { evaluation: ["b", "a"], training: "t" };
const of = (change: (made: typeof evaluation, trained: typeof training) => void, other = data) => {
  const [made, trained] = [structuredClone(evaluation), structuredClone(training)];
  change(made, trained);
  return differencesOf(conditionsOf(evaluation, training, data), conditionsOf(made, trained, other));
};

describe("comparability", () => {
  it("flags nothing where all is alike, in whatever order datasets were named", () => {
    expect(of(() => undefined, { evaluation: ["a", "b"], training: "t" })).toEqual([]);
  });

  it.each([
    ["pooling", (made) => (made.resolved.encoding.pooling = "cls"), "mean", "cls"],
    ["prompt", (made) => Object.assign(made.resolved, { instruction: "Find:" }), "none", "Find:"],
    ["evaluationRevision", (made) => (made.resolved.evaluationRevision = 2), "1", "2"],
    ["lossScale", (_, trained) => (trained.resolved.settings.scale = 20), "50", "20"],
    ["engine", (made, trained) => (made.engine = trained.engine = "tfjs"), "onnx-cpu", "tfjs"],
    ["precision", (made) => (made.precision = "bf16-math"), "fp32", "bf16-math after fp32"],
    [
      "batch",
      (_, trained) => (trained.resolved.settings.hardNegatives = 0),
      "64 rows, 1 negatives each, 1 at a time",
      "64 rows, 0 negatives each, 1 at a time",
    ],
  ] satisfies [string, Parameters<typeof of>[0], string, string][])("flags another %s", (...row) => {
    const [condition, change, baseline, other] = row;
    expect(of(change)).toEqual([{ condition, baseline, other }]);
  });

  it("flags other rows to train on and to measure by", () => {
    expect(of(() => undefined, { evaluation: ["a"], training: "u" })).toEqual([
      { condition: "evaluationData", baseline: "a b", other: "a" },
      { condition: "trainingData", baseline: "t", other: "u" },
    ]);
  });

  it("says of what it knows on one side alone", () => {
    const found = differencesOf(
      conditionsOf({}, undefined, { evaluation: [] }),
      conditionsOf(evaluation, undefined, { evaluation: [] }),
    );
    expect(found).toContainEqual({ condition: "pooling", other: "mean" });
  });
});
