import { expect, test } from "vitest";
import { parseLayers } from "./layers.ts";

const keep = (text: string) => parseLayers({ keep: text });
const drop = (text: string) => parseLayers({ drop: text });

test("a count keeps so many layers, a share drops so much", () => {
  expect(keep("24")).toBe(24);
  expect(drop("50%")).toEqual({ dropPercent: 50 });
  expect(drop("12.5%")).toEqual({ dropPercent: 12.5 });
  expect(parseLayers({})).toBeUndefined();
});

test("numbers and ranges keep just those layers", () => {
  expect(keep("0-3,7,9-10")).toEqual({ keep: [0, 1, 2, 3, 7, 9, 10] });
  expect(keep("0,5")).toEqual({ keep: [0, 5] });
  expect(() => keep("9-3")).toThrow(/`9-3` is no range of layers/);
  expect(() => keep("0-99999")).toThrow(/no range/);
});

test.each(["", "many", "1.5"])("%j keeps nothing", (text) => {
  expect(() => keep(text)).toThrow(/--keep must be a whole number/);
});

test.each(["-%", "%", "5 %", "1e2%", "5", ""])("%j drops nothing", (text) => {
  expect(() => drop(text)).toThrow(/--drop must be a share such as 30%/);
});

test("each says when the other is meant, and both at once are refused", () => {
  expect(() => keep("30%")).toThrow(/--drop 30%/);
  expect(() => drop("12")).toThrow(/--keep takes a count/);
  expect(() => parseLayers({ keep: "12", drop: "30%" })).toThrow(/not both/);
});

test("a pick is pointed to the search that makes it", () => {
  expect(() => keep("large")).toThrow(/espalier l3prune DIR --triplets FILE --keep large --out OUT/);
});
