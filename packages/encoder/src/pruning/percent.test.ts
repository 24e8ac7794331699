import { describe, expect, it } from "vitest";
import { keptLayers } from "./percent.ts";

describe("keptLayers", () => {
  it("rounds down, on the decimal as written", () => {
    const cases: [number, number, number][] = [
      [30, 90, 3],
      [20, 80, 4],
      [20, 90, 2],
      [10, 90, 1],
      [28, 10, 25],
      [32, 30, 22],
      [32, 0, 32],
      [40, 2.5, 39],
      [1000, 0.1, 999],
      [7, 50, 3],
    ];
    for (const [layers, percent, kept] of cases) expect(keptLayers(layers, percent)).toBe(kept);
  });

  it("rounds as the reference does when asked to", () => {
    expect(keptLayers(30, 90, "reference")).toBe(2);
    expect(keptLayers(20, 80, "reference")).toBe(3);
    expect(keptLayers(20, 90, "reference")).toBe(1);
    expect(keptLayers(32, 30, "reference")).toBe(22);
    expect(() => keptLayers(10, 90, "reference")).toThrow(/leaves none/);
  });

  it("refuses to leave nothing", () => {
    expect(() => keptLayers(10, 95)).toThrow(/leaves none/);
    expect(() => keptLayers(10, 100)).toThrow(/not a share/);
    expect(() => keptLayers(10, -1)).toThrow(/not a share/);
  });
});
