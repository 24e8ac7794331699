import { expect, test } from "vitest";
import { duplicatesWarning } from "./duplicates.ts";

test("rows that repeat a query with its positive are counted, whatever else they have", () => {
  const triplet = (query: string, positive: string, negatives: string[] = []) => ({
    query,
    positive,
    negatives,
  });
  const [a, b] = [triplet("a", "p"), triplet("a", "q")];
  expect(duplicatesWarning([a, b])).toBeUndefined();
  expect(duplicatesWarning([a, b, triplet("a", "p", ["n"]), b])).toMatch(/^2 of 4 rows repeat/);
  expect(duplicatesWarning([a, triplet("a,p", "")])).toBeUndefined();
});
