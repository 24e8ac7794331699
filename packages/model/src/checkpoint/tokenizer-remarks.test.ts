import { expect, test } from "vitest";
import { tokenizerRemarks } from "./tokenizer-remarks.ts";

const json = (value: unknown) => JSON.stringify(value);
const bert = json({
  added_tokens: [{ id: 0, content: "[PAD]" }],
  normalizer: { type: "BertNormalizer", clean_text: true, lowercase: true },
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false },
  model: { vocab: { "[PAD]": 0, a: 1 } },
});

test.each<[string, object]>([
  [
    "<new>, <other>",
    { added_tokens_decoder: { 7: { content: "<new>" } }, additional_special_tokens: ["<other>"] },
  ],
  ["<list>", { extra_special_tokens: ["<list>", "[PAD]"] }],
  ["do_lower_case false", { do_lower_case: false }],
  ["add_prefix_space true", { add_prefix_space: true }],
])("that tokenizer.json does not know of %s is told", (named, config) => {
  expect(tokenizerRemarks(bert, json(config))).toEqual([expect.stringContaining(named)]);
});

test("what both say is not told, nor what cannot be read", () => {
  const same = { do_lower_case: true, add_prefix_space: false, additional_special_tokens: ["[PAD]", "a"] };
  expect(tokenizerRemarks(bert, json(same))).toEqual([]);
  expect(tokenizerRemarks(bert, "{}")).toEqual([]);
  expect(tokenizerRemarks(bert, "no JSON")).toEqual([]);
});
