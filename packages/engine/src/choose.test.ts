import { expect, test } from "vitest";
import { chooseEngine, engineNames, enginesFor } from "./choose.ts";

test("every engine can be had by its name, and no other", () => {
  for (const name of engineNames) expect(chooseEngine(name, { threads: 1 }).name).toBe(name);
  expect(() => chooseEngine("abacus")).toThrow('there is no engine "abacus"; there is: onnx-cpu');
  expect(() => chooseEngine("constructor")).toThrow(RangeError);
});

test("every engine computes on some kind of device, and none on a kind that does not exist", () => {
  const kinds = ["cpu", "cuda", "webgpu"];
  for (const name of engineNames) expect(kinds.some((kind) => enginesFor(kind).includes(name))).toBe(true);
  expect(enginesFor("abacus")).toEqual([]);
});
