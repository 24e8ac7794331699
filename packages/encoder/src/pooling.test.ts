import { expect, test } from "vitest";
import { poolingWeights } from "./pooling.ts";

const spans = [
  { start: 1, end: 4 },
  { start: 0, end: 1 },
];

test.each([
  ["mean", [0, 1 / 3, 1 / 3, 1 / 3, 0, 1, 0, 0, 0, 0]],
  ["weighted_mean", [0, 1 / 6, 2 / 6, 3 / 6, 0, 1, 0, 0, 0, 0]],
  ["last_token", [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]],
  ["cls", [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]],
] as const)("%s weighs the tokens that it should, and each row adds up to one", (pooling, expected) => {
  expect(poolingWeights(pooling, spans, 5)).toEqual(new Float32Array(expected));
});

test("a row without content, or with content beyond the batch's length, is refused", () => {
  expect(() => poolingWeights("mean", [{ start: 2, end: 2 }], 5)).toThrow(RangeError);
  expect(() => poolingWeights("mean", [{ start: 0, end: 6 }], 5)).toThrow(RangeError);
});
