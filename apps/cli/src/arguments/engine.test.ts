import { expect, test } from "vitest";
import { onEngine } from "./engine.ts";

const context = { environment: { HOME: "/h", ESPALIER_ENGINE: "onnx-cpu" }, other: 1 };

test("flags come before the environment, which stays where they say nothing", () => {
  expect(onEngine(context, {})).toEqual(context);
  expect(onEngine(context, { engine: "tfjs", precision: "bf16-math" })).toEqual({
    other: 1,
    environment: { HOME: "/h", ESPALIER_ENGINE: "tfjs", ESPALIER_PRECISION: "bf16-math" },
  });
  expect(context.environment).toEqual({ HOME: "/h", ESPALIER_ENGINE: "onnx-cpu" });
});

test("an engine or a precision that there is not is refused with those that there are", () => {
  expect(() => onEngine(context, { engine: "abacus" })).toThrow(
    "--engine must be one of onnx-cpu, onnx-cuda, onnx-webgpu, tfjs, not `abacus`",
  );
  expect(() => onEngine(context, { precision: "fp64" })).toThrow("--precision must be one of fp32, tf32");
});
