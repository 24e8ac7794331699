import { describe, expect, it } from "vitest";
import { meanCosine } from "./collapse.ts";

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
