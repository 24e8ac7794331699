import { expect, test } from "vitest";
import { measuredPaces, rateKey } from "./measured-paces.ts";

const device = (forward: number, state: "schedulable" | "cordoned" = "schedulable") => ({
  state,
  rates: [
    { engine: "onnx-cpu", precision: "fp32", forward, training: forward / 2 },
    { engine: "tfjs", precision: "bf16-math", forward: 4 * forward, training: forward },
  ] as const,
});

test("a pace is the time of a second of a host of 10^11 operations, on the fastest, the median and the slowest device", () => {
  const devices = [device(50), device(100), device(200), device(1000, "cordoned")];
  const key = rateKey("forward", null);
  expect(measuredPaces(devices, new Set([key, "pace/search"]))).toEqual([
    { key, samples: 0, duration: { earliest: 500, likely: 1000, latest: 2000 }, memoryRatio: null },
  ]);
});

test("what a run asks for has its own pace, and one that no device has none", () => {
  const likely = (computesOn: string, pass: "forward" | "training" = "forward") =>
    measuredPaces([device(100)], new Set([rateKey(pass, computesOn)]))[0]?.duration.likely;
  expect(likely("tfjs in bf16-math")).toBe(250);
  expect(likely("bf16-math", "training")).toBe(1000);
  expect(likely("onnx-cpu", "training")).toBe(2000);
  expect(likely("onnx-cuda in fp32")).toBeUndefined();
  expect(likely("onnx-cuda")).toBeUndefined();
});
