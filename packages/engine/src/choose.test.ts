import { expect, test } from "vitest";
import { chooseEngine, engineNames } from "./choose.ts";

test("every engine can be had by its name, and no other", () => {
  for (const name of engineNames) expect(chooseEngine(name, { threads: 1 }).name).toBe(name);
  expect(() => chooseEngine("abacus")).toThrow('there is no engine "abacus"; there is: onnx-cpu');
  expect(() => chooseEngine("constructor")).toThrow(RangeError);
});
