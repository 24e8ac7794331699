import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseJson } from "../checkpoint/json.ts";
import { graphemes } from "./graphemes.ts";
import { readNormalizer } from "./normalizers.ts";
import { Part } from "./part.ts";

interface Golden {
  part: object;
  cases: [text: string, normal: string][];
}

const golden = JSON.parse(readFileSync(new URL("goldens/clusters.json", import.meta.url), "utf8")) as Golden;

test("Precompiled looks up the same grapheme clusters as the tokenizers library", () => {
  const normalizer = readNormalizer(new Part(parseJson(JSON.stringify(golden.part)), "normalizer"));
  expect(golden.cases.length).toBeGreaterThan(1000);
  const wrong = golden.cases.filter(([text, normal]) => normalizer.normalize(text) !== normal);
  expect(wrong).toEqual([]);
});

test.each([
  ["a carriage return and a line feed", "a\r\n\u0301b", ["a", "\r\n", "\u0301", "b"]],
  ["accents", "e\u0301\u0323e", ["e\u0301\u0323", "e"]],
  [
    "jamo and syllables",
    "\u1100\u1161\u11a8\uac00\u11a8\uac01\u1161",
    ["\u1100\u1161\u11a8", "\uac00\u11a8", "\uac01", "\u1161"],
  ],
  [
    "a family",
    "\u{1f469}\u200d\u{1f469}\u{1f3fd}\u200d\u{1f466}\u{1f466}",
    ["\u{1f469}\u200d\u{1f469}\u{1f3fd}\u200d\u{1f466}", "\u{1f466}"],
  ],
  [
    "a conjunct of Devanagari",
    "\u0915\u094d\u0924\u093f\u0915\u0924",
    ["\u0915\u094d\u0924\u093f", "\u0915", "\u0924"],
  ],
  ["nothing to join", "\u4e2d\u6587 ok\n", ["\u4e2d", "\u6587", " ", "o", "k", "\n"]],
  ["nothing", "", []],
])("clusters of %s", (_, text, clusters) => {
  expect([...graphemes(text)]).toEqual(clusters);
});
