import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { averageRanks, cosine, pearson, spearman } from "./correlation.ts";

interface Golden {
  readonly cases: readonly {
    name: string;
    x: number[];
    y: number[];
    ranks: number[];
    pearson: number;
    spearman: number;
  }[];
}
const golden = JSON.parse(
  await readFile(new URL("goldens/correlation.json", import.meta.url), "utf8"),
) as Golden;

test.each(golden.cases)("ranks and correlations are SciPy's: $name", ({ x, y, ranks, ...expected }) => {
  expect([...averageRanks(x)]).toEqual(ranks);
  expect(spearman(x, y)).toBeCloseTo(expected.spearman, 12);
  expect(pearson(x, y)).toBeCloseTo(expected.pearson, 7);
  expect(spearman(y, x)).toBeCloseTo(expected.spearman, 12);
});

test("a constant sample has no correlation, and samples of two lengths are refused", () => {
  expect(spearman([1, 1, 1], [1, 2, 3])).toBeNaN();
  expect(() => pearson([1], [1, 2])).toThrow(RangeError);
});

test("the cosine depends on direction alone, and a zero vector has none", () => {
  const a = Float32Array.of(3, 4);
  expect(cosine(a, Float32Array.of(6, 8))).toBeCloseTo(1, 15);
  expect(cosine(a, Float32Array.of(-4, 3))).toBeCloseTo(0, 15);
  expect(cosine(a, new Float32Array(2))).toBe(0);
  expect(cosine(Float32Array.of(1e30, 0), Float32Array.of(1e30, 1e30))).toBeCloseTo(Math.SQRT1_2, 7);
});
