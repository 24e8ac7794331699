import { expect, test } from "vitest";
import { parseLayers } from "./layers.ts";

test("a count keeps so many layers, a share drops so much", () => {
  expect(parseLayers("24")).toBe(24);
  expect(parseLayers("50%")).toEqual({ dropPercent: 50 });
  expect(parseLayers("12.5%")).toEqual({ dropPercent: 12.5 });
});

test("numbers and ranges keep just those layers", () => {
  expect(parseLayers("0-3,7,9-10")).toEqual({ keep: [0, 1, 2, 3, 7, 9, 10] });
  expect(parseLayers("0,5")).toEqual({ keep: [0, 5] });
  expect(() => parseLayers("9-3")).toThrow(/`9-3` is no range of layers/);
  expect(() => parseLayers("0-99999")).toThrow(/no range/);
});

test.each(["", "many", "1.5", "-%", "%", "5 %", "1e2%"])("%j is neither", (text) => {
  expect(() => parseLayers(text)).toThrow(/--layers must be a whole number/);
});

test("a pick is pointed to the search that makes it", () => {
  expect(() => parseLayers("large")).toThrow(/espalier l3prune DIR --triplets FILE --keep large --out OUT/);
});
