import { expect, test } from "vitest";
import { addTo, cosine, gatherRows, scatterRows, unit } from "./vectors.ts";

test("the cosine depends on direction alone, and a zero vector has none", () => {
  const a = Float32Array.of(3, 4);
  expect(cosine(a, Float32Array.of(6, 8))).toBeCloseTo(1, 15);
  expect(cosine(a, Float32Array.of(-4, 3))).toBeCloseTo(0, 15);
  expect(cosine(a, new Float32Array(2))).toBe(0);
  expect(cosine(Float32Array.of(1e30, 0), Float32Array.of(1e30, 1e30))).toBeCloseTo(Math.SQRT1_2, 7);
});

test("rows that were scattered over a matrix are gathered again from there", () => {
  const rows = Float32Array.of(1, 2, 3, 4);
  const matrix = new Float32Array(6);
  scatterRows(rows, [2, 0], 2, matrix);
  expect([...matrix]).toEqual([3, 4, 0, 0, 1, 2]);
  expect(gatherRows(matrix, [2, 0], 2)).toEqual(rows);
});

test("a part is added to its sum in place, scaled where that is asked", () => {
  const sum = Float32Array.of(1, 2);
  addTo(sum, [10, 20]);
  addTo(sum, [1, 1], -0.5);
  expect([...sum]).toEqual([10.5, 21.5]);
});

test("a unit vector has the length 1, and a vector of zeros stays as it is", () => {
  expect([...unit(Float32Array.of(3, 4))]).toEqual([0.6, 0.8]);
  expect([...unit(Float32Array.of(1e-30, 0))]).toEqual([1, 0]);
  expect([...unit(new Float32Array(2))]).toEqual([0, 0]);
});
