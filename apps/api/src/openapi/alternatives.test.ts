import { expect, test } from "vitest";
import { joinAlternatives } from "./alternatives.ts";
import type { JsonObject } from "./json.ts";

const object = (by: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "object",
  properties: { by, ...more },
});

test("constants are one list, a choice in a choice is one, and objects that differ in one field's values are one", () => {
  const number = { type: "integer" };
  expect(
    joinAlternatives([{ const: "a" }, number, { anyOf: [{ enum: ["b", "c"] }, { const: "d" }] }]),
  ).toEqual([{ enum: ["a", "b", "c", "d"] }, number]);
  expect(
    joinAlternatives([
      object({ const: "a" }),
      object({ const: "b" }),
      object({ const: "c" }, { at: number }),
    ]),
  ).toEqual([object({ enum: ["a", "b"] }), object({ const: "c" }, { at: number })]);
});

test("what differs in more stays apart", () => {
  const pair = (a: string, b: string) => object({ const: a }, { of: { const: b } });
  const others = [pair("a", "x"), pair("b", "y"), { ...pair("a", "y"), required: ["by"] }, { $ref: "#/x" }];
  expect(joinAlternatives(others)).toEqual(others);
});
