import { expect, test } from "vitest";
import type { EngineRate } from "./engine.ts";
import { choicesOf, describeChoice, engineChoiceOf, fastestOf } from "./engine-choice.ts";

const rate = (
  engine: EngineRate["engine"],
  precision: EngineRate["precision"],
  forward?: number,
  training = forward,
): EngineRate => ({
  engine,
  precision,
  ...(forward !== undefined && { forward }),
  ...(training !== undefined && { training }),
});
const rates = [
  rate("onnx-cpu", "fp32", 150, 120),
  rate("tfjs", "fp32", 120, 140),
  rate("tfjs", "bf16-math", 600, 500),
];
const chosen = (...args: Parameters<typeof fastestOf>) => describeChoice(fastestOf(...args) ?? {});

test("auto takes the fastest in fp32 for what the run computes, and a precision that is asked for whatever is faster", () => {
  expect(chosen(rates, {}, "forward")).toBe("onnx-cpu in fp32");
  expect(chosen(rates, {}, "training")).toBe("tfjs in fp32");
  expect(chosen(rates, { precision: "bf16-math" }, "training")).toBe("tfjs in bf16-math");
  expect(chosen(rates, { engine: "tfjs" }, "forward")).toBe("tfjs in fp32");
  expect(chosen(rates, { engine: "onnx-cpu", precision: "bf16-math" }, "forward")).toBeUndefined();
});

test("a worker's own precision counts for runs that ask for none, on engines that have it", () => {
  expect(chosen(rates, {}, "forward", "bf16-math")).toBe("tfjs in bf16-math");
  expect(chosen(rates, { engine: "onnx-cpu" }, "forward", "bf16-math")).toBe("onnx-cpu in fp32");
  expect(chosen(rates, { precision: "fp32" }, "forward", "bf16-math")).toBe("onnx-cpu in fp32");
});

test("an engine that was not measured is slower than one that was, and the first of those that were not", () => {
  expect(chosen([rate("tfjs", "fp32"), rate("onnx-cpu", "fp32", 1)], {}, "forward")).toBe("onnx-cpu in fp32");
  expect(chosen([rate("tfjs", "fp32"), rate("onnx-cpu", "fp32")], {}, "forward")).toBe("tfjs in fp32");
  expect(fastestOf([], {}, "forward")).toBeUndefined();
});

test("a choice is worded as the devices that serve it are, and auto asks for nothing", () => {
  const run = { kind: "search", model: "mdl_1", datasetId: "dat_1" } as const;
  expect(describeChoice(engineChoiceOf(run))).toBeUndefined();
  expect(describeChoice(engineChoiceOf({ ...run, engine: "auto" }))).toBeUndefined();
  for (const choice of [
    { engine: "tfjs" },
    { precision: "bf16-math" },
    { engine: "tfjs", precision: "bf16-math" },
  ] as const)
    expect(choicesOf(rates)).toContain(describeChoice(engineChoiceOf({ ...run, ...choice })));
  expect(choicesOf(rates)).not.toContain(describeChoice({ engine: "onnx-cpu", precision: "bf16-math" }));
});
