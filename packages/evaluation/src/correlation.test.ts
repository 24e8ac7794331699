import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { averageRanks, pearson, spearman } from "./correlation.ts";

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
