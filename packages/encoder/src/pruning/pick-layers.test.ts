import { describe, expect, it } from "vitest";
import { pickLayers } from "./pick-layers.ts";

const flat = (...losses: number[]) => losses.map((loss) => [loss, loss + 0.1]);

describe("pickLayers", () => {
  it("takes the least loss of each half, the second half from ⌊N/2⌋ + 1 on", () => {
    expect(pickLayers(flat(5, 3, 4, 6, 2, 7, 8))).toMatchObject({ small: 2, large: 5 });
  });

  it("takes the first of equal losses", () => {
    expect(pickLayers(flat(3, 3, 2, 2))).toMatchObject({ small: 1, large: 3 });
  });

  it("never picks a loss that is not a number, and says so", () => {
    const picked = pickLayers([
      [Number.NaN, 1],
      [2, 2],
      [3, 3],
      [Number.POSITIVE_INFINITY, 0],
    ]);
    expect(picked).toMatchObject({ small: 2, large: 3, lossByLayer: [null, 2, 3, null] });
    expect(picked.warnings[0]).toMatch(/1, 4 layers/);
  });

  it("has no small pick for a single layer", () => {
    expect(pickLayers(flat(1))).toMatchObject({ small: null, large: 1 });
  });

  it("warns of a depth that the batches do not tell from the pick", () => {
    const { warnings } = pickLayers([
      [1, 3],
      [3, 1.2],
      [1, 1],
      [2, 2],
    ]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^small: the loss with 2 layers/);
  });

  it("reports the standard error of the mean over batches", () => {
    expect(pickLayers([[1, 2, 3]]).standardErrorByLayer[0]).toBeCloseTo(1 / Math.sqrt(3), 12);
  });
});
