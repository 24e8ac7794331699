import { describe, expect, it } from "vitest";
import { checkDocument, checkParameters, documentLimits, textPattern } from "./document.ts";

const nested = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
const invalid = (field: string) =>
  expect.objectContaining({ code: "request/invalid", facts: expect.objectContaining({ field }) });
const tooLarge = expect.objectContaining({ code: "request/too-large" });

describe("a document", () => {
  it("may be as deep and as wide as the limits say, and no more", () => {
    checkDocument(nested(documentLimits.depth));
    expect(() => checkDocument(nested(documentLimits.depth + 1))).toThrow(tooLarge);
    expect(() => checkDocument(nested(400_000))).toThrow(tooLarge);
    const wide = Array.from({ length: documentLimits.members }, (_, i) => i);
    checkDocument(wide);
    expect(() => checkDocument([...wide, 0])).toThrow(tooLarge);
    expect(() => checkDocument({ a: wide })).toThrow(tooLarge);
  });

  it("is refused for a text or a name that no database stores, with its place", () => {
    expect(() => checkDocument({ a: [{ b: "x\0" }] })).toThrow(invalid("/a/0/b"));
    expect(() => checkDocument({ a: "\ud83d" })).toThrow(invalid("/a"));
    expect(() => checkDocument({ a: { "\udc00": 1 } })).toThrow(invalid("/a"));
    expect(() => checkDocument("\0")).toThrow(invalid(""));
    checkDocument({ a: ["\ud83d\ude00", "", null, 1e308, true], 数据: {} });
  });
});

it("parameters are refused for the same texts", () => {
  expect(() => checkParameters({ cursor: "\0" })).toThrow(invalid("/cursor"));
  expect(() => checkParameters({ labels: ["a", "\udfff"] })).toThrow(invalid("/labels"));
  checkParameters({ cursor: "a", limit: 3 });
  checkParameters(undefined);
});

it("the pattern of texts accepts what the check accepts", () => {
  const pattern = new RegExp(textPattern, "u");
  for (const text of ["", "a", "\ud83d\ude00", "a\nb"]) expect(text).toMatch(pattern);
  for (const text of ["\0", "a\0b", "\ud83d", "\ude00\ud83d"]) expect(text).not.toMatch(pattern);
});
