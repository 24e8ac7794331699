import type { SearchResult } from "@espalier/contract";
import { expect, test } from "vitest";
import { keptBy, shareAt, spell } from "./picks.ts";

const byLoss: SearchResult = {
  lossByLayer: [],
  standardErrorByLayer: [],
  small: 10,
  large: 23,
  samples: 640,
  seed: 42,
  warnings: [],
  stability: {
    resamples: 1000,
    small: { share: 0.61, others: [{ layers: 9, share: 0.24 }], samplesFor95: 24_000 },
    large: { share: 0.97, others: [{ layers: 24, share: 0.03 }], samplesFor95: 5800 },
  },
};
const { stability: _stability, ...unmeasured } = byLoss;
const byInfluence: SearchResult = {
  ...unmeasured,
  rule: "block-influence",
  keep: { small: [0, 1, 2, 28, 29], large: null },
};

test("layers that are kept are spelt as runs", () => {
  expect(spell([0, 1, 2, 5, 7, 8])).toBe("0-2, 5, 7-8");
  expect(spell([])).toBe("");
});

test("a pick is a list of layers where its rule keeps others than the first", () => {
  expect(keptBy(byLoss, "small")).toBe(10);
  expect(keptBy(byInfluence, "small")).toEqual([0, 1, 2, 28, 29]);
  expect(keptBy({ ...byLoss, large: null }, "large")).toBeUndefined();
});

test("a depth has the share of resamples that pick it, as either pick", () => {
  expect([10, 9, 23, 24, 1].map((depth) => shareAt(byLoss, depth))).toEqual([0.61, 0.24, 0.97, 0.03, 0]);
  expect(shareAt(byInfluence, 8)).toBeUndefined();
});
