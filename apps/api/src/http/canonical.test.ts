import fc from "fast-check";
import { expect, it } from "vitest";
import { canonical } from "./canonical.ts";

/** The document with the fields of each object in the opposite order. */
const turned = (document: unknown): unknown => {
  if (Array.isArray(document)) return document.map(turned);
  if (typeof document !== "object" || document === null) return document;
  return Object.fromEntries(
    Object.entries(document)
      .reverse()
      .map(([name, value]) => [name, turned(value)]),
  );
};

it("a document is one text in each order of its fields, and another document is another text", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(canonical(turned(a))).toBe(canonical(a));
      expect(JSON.parse(canonical(a))).toEqual(JSON.parse(JSON.stringify(a)));
      if (canonical(a) === canonical(b))
        expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    }),
  );
  expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
});
