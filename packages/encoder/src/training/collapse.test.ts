import { describe, expect, it } from "vitest";
import { CollapseWatch, meanCosine } from "./collapse.ts";

describe("meanCosine", () => {
  it("averages over the pairs of different rows", () => {
    // Queries [1,0], [0,2]; positives [3,3], [0,1]: q₀·p₁ = 0, q₁·p₀ = 1/√2.
    const vectors = Float32Array.of(1, 0, 0, 2, 3, 3, 0, 1);
    expect(meanCosine(vectors, 2, 2)).toBeCloseTo(Math.SQRT1_2 / 2, 12);
  });

  it("is 1 when all texts have the same vector", () => {
    expect(meanCosine(new Float32Array(6 * 3).fill(0.3), 3, 3)).toBeCloseTo(1, 12);
  });
});

describe("a training", () => {
  const seen = (cosines: readonly number[], warmup = 0) => {
    const watch = new CollapseWatch(warmup);
    for (const [i, cosine] of cosines.entries()) watch.see(i + 1, cosine);
  };

  it("has collapsed when unrelated texts are alike for twenty steps in a row", () => {
    seen([...Array<number>(19).fill(1), 0.99, ...Array<number>(19).fill(1)]);
    expect(() => seen([0.5, ...Array<number>(20).fill(0.9999)])).toThrow(
      /up to step 21.*Lower the learning rate/,
    );
  });

  it("may begin with texts that are alike, as long as it warms up", () => {
    seen(Array<number>(300).fill(1), 300);
    expect(() => seen(Array<number>(320).fill(1), 300)).toThrow("up to step 320");
  });
});
