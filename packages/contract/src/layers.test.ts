import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newId } from "./id.ts";
import { modes } from "./kinds/mode.ts";
import { countLayers, keptLayers, layersOfVariant, type LayersRef } from "./layers.ts";

const refusal = expect.objectContaining({ code: "layers/out-of-range" }) as Error;

describe("a share of the layers", () => {
  it("is rounded down, on the decimal as it is written", () => {
    const cases: [depth: number, percent: number, kept: number][] = [
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
    for (const [depth, dropPercent, kept] of cases) expect(keptLayers({ dropPercent }, depth)).toBe(kept);
  });

  it("is exact for every percentage of two decimals", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 0, max: 9_999 }),
        (depth, hundredths) => {
          const kept = Math.floor((depth * (10_000 - hundredths)) / 10_000);
          const ask = () => keptLayers({ dropPercent: hundredths / 100 }, depth);
          if (kept === 0) expect(ask).toThrow(refusal);
          else expect(ask()).toBe(kept);
        },
      ),
    );
  });

  it("is rounded as the reference does it in reference mode", () => {
    const reference = (depth: number, dropPercent: number) => keptLayers({ dropPercent }, depth, "reference");
    expect(reference(30, 90)).toBe(2);
    expect(reference(20, 80)).toBe(3);
    expect(reference(20, 90)).toBe(1);
    expect(reference(32, 30)).toBe(22);
    expect(() => reference(10, 90)).toThrow(/leaves none/);
  });

  it("is refused where it leaves nothing or is no share", () => {
    expect(() => keptLayers({ dropPercent: 95 }, 10)).toThrow(/leaves none/);
    for (const dropPercent of [100, -1, Number.NaN])
      expect(() => keptLayers({ dropPercent }, 10)).toThrow(/not a share/);
  });
});

it("keeps a count and a list as they are, and refuses what the model does not have", () => {
  expect(keptLayers(4, 4)).toBe(4);
  expect(keptLayers({ keep: [0, 2] }, 4)).toEqual([0, 2]);
  expect(keptLayers([0, 2], 4)).toEqual([0, 2]);
  for (const ref of [0, 5, 1.5, -1, [], [4], [-1], [0.5], [1, 1], [2, 1]])
    expect(() => keptLayers(ref, 4)).toThrow(refusal);
});

it("keeps what a search picked, once it is known", () => {
  const pick: LayersRef = { run: newId("run"), pick: "large" };
  expect(keptLayers(pick, 4)).toBeUndefined();
  expect(keptLayers(pick, 4, "default", { small: 1, large: 3 })).toBe(3);
  expect(() => keptLayers(pick, 4, "default", { small: 1, large: null })).toThrow(/found no "large" depth/);
});

it("always keeps some layers of the model, and means the same when it is asked again", () => {
  const ref = fc.oneof(
    fc.integer({ min: 1, max: 100 }),
    fc.record({ dropPercent: fc.double({ min: 0, max: 99.9999, noNaN: true }) }),
    fc.record({
      keep: fc.uniqueArray(fc.nat(100), { minLength: 1 }).map((all) => all.sort((a, b) => a - b)),
    }),
  );
  fc.assert(
    fc.property(ref, fc.integer({ min: 1, max: 100 }), fc.constantFrom(...modes), (ref, depth, mode) => {
      let kept;
      try {
        kept = keptLayers(ref, depth, mode);
      } catch (error) {
        expect(error).toEqual(refusal);
        return;
      }
      expect(countLayers(kept)).toBeGreaterThanOrEqual(1);
      expect(countLayers(kept)).toBeLessThanOrEqual(depth);
      expect(keptLayers(kept, depth, mode)).toEqual(kept);
    }),
  );
});

it("reads the variants of an experiment", () => {
  const search = newId("run");
  expect(layersOfVariant("none", search)).toBeUndefined();
  expect(layersOfVariant(3, search)).toBe(3);
  expect(layersOfVariant("12.5%", search)).toEqual({ dropPercent: 12.5 });
  expect(layersOfVariant("small", search)).toEqual({ run: search, pick: "small" });
  expect(layersOfVariant("small", undefined)).toBeUndefined();
});
