import { isProblem } from "@espalier/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseTokenizer } from "./tokenizer.ts";
import { parseTokenizerConfig } from "./config.ts";

/** Cases per property; `ESPALIER_FUZZ_RUNS` asks for more. */
const numRuns = Number(process.env.ESPALIER_FUZZ_RUNS ?? 2000);

const texts = [" a b", "ab\u0301 \u6f22<s> __proto__", "\ud800x", "constructor\u2581\u2581a"];

/** Reads a tokenizer and encodes with it; it may be refused, and nothing else. */
function survives(tokenizerJson: string, encodes = (): unknown => undefined): boolean {
  try {
    const tokenizer = parseTokenizer(tokenizerJson);
    for (const text of texts) {
      const { ids, start, end } = tokenizer.tokenize(text, { pooled: "sequence", maxLength: 9 });
      expect(ids.every((id) => id >= 0)).toBe(true);
      expect([start, end]).toEqual([0, ids.length]);
    }
    encodes();
  } catch (error) {
    if (!isProblem(error)) throw error;
    expect(["tokenizer/malformed", "text/empty"]).toContain(error.code);
  }
  return true;
}

const pattern = fc.oneof(
  fc.record({ String: fc.string({ maxLength: 3 }) }),
  fc.record({
    Regex: fc.string({ unit: fc.constantFrom(..."ab\\s+*?()[]|^$.{1,2}pL: ".split("")), maxLength: 12 }),
  }),
);
const name = fc.constantFrom(
  "__proto__",
  "constructor",
  "toString",
  "a",
  "b",
  "ab",
  " ",
  "\u2581",
  "<s>",
  "\u00e9",
);
const id = fc.oneof(
  fc.nat(9),
  fc.constantFrom<unknown[]>(-1, 1.5, 2 ** 31, null, "1", Number.MAX_SAFE_INTEGER),
);
const flag = fc.oneof(fc.boolean(), fc.boolean(), fc.boolean(), fc.constant(null));

const types = (
  "Sequence NFC NFKD Lowercase Strip StripAccents Nmt Prepend Replace Precompiled BertNormalizer ByteLevel Metaspace Split " +
  "Punctuation Digits Whitespace WhitespaceSplit BertPreTokenizer CharDelimiterSplit FixedLength BertProcessing " +
  "RobertaProcessing TemplateProcessing Nothing"
).split(" ");

/** Parts with what belongs to some part, in any mixture, and what is in them. */
const partOf = (inner: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      type: fc.constantFrom(...types),
      normalizers: fc.array(inner, { maxLength: 2 }),
      pretokenizers: fc.array(inner, { maxLength: 2 }),
      processors: fc.array(inner, { maxLength: 2 }),
      pattern,
      content: fc.string({ maxLength: 2 }),
      prepend: fc.string({ maxLength: 2 }),
      replacement: fc.constantFrom("\u2581", "", "ab"),
      prepend_scheme: fc.constantFrom("first", "always", "never", "last"),
      behavior: fc.constantFrom(
        "Removed",
        "Isolated",
        "MergedWithPrevious",
        "MergedWithNext",
        "Contiguous",
        "removed",
      ),
      precompiled_charsmap: fc.oneof(fc.base64String({ maxLength: 64 }), fc.string({ maxLength: 4 })),
      delimiter: fc.string({ maxLength: 2 }),
      length: id,
      cls: fc.tuple(name, id),
      sep: fc.tuple(name, id),
      single: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 2 }),
      pair: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 2 }),
      special_tokens: fc.dictionary(name, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 2 }),
      invert: flag,
      strip_left: flag,
      strip_right: flag,
      clean_text: flag,
      handle_chinese_chars: flag,
      lowercase: flag,
      add_prefix_space: flag,
      trim_offsets: flag,
      individual_digits: flag,
    },
    { requiredKeys: ["type"] },
  );
const part = partOf(partOf(fc.constant({ type: "Lowercase" })));

const vocabulary = fc.oneof(
  { weight: 4, arbitrary: fc.dictionary(name, fc.nat(9)) },
  fc.dictionary(name, id),
  fc.array(fc.tuple(name, fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.jsonValue()))),
);
const model = fc.record(
  {
    type: fc.constantFrom("BPE", "WordPiece", "WordLevel", "Unigram", "__proto__"),
    vocab: vocabulary,
    merges: fc.array(fc.oneof(fc.tuple(name, name), fc.constantFrom<unknown[]>("a b", "a", "a b c", null)), {
      maxLength: 3,
    }),
    unk_token: name,
    unk_id: id,
    continuing_subword_prefix: fc.constantFrom("", "##", "__proto__"),
    end_of_word_suffix: fc.constantFrom("", "</w>"),
    max_input_chars_per_word: id,
    fuse_unk: flag,
    byte_fallback: flag,
    ignore_merges: flag,
    dropout: fc.constantFrom(null, 0, 0.1),
  },
  { requiredKeys: ["vocab"] },
);
const addedToken = fc.record(
  { id, content: name, single_word: flag, lstrip: flag, rstrip: flag, normalized: flag, special: flag },
  { requiredKeys: ["id", "content", "single_word", "lstrip", "rstrip", "normalized"] },
);
const plain = { model: { type: "WordLevel", vocab: { a: 0, "<s>": 1 }, unk_token: "a" }, added_tokens: [] };
const file = fc.oneof(
  fc.record({ model, version: fc.constantFrom("1.0", "1.0", "1.0", "2.0") }),
  fc.record({ normalizer: part }).map((parts) => ({ ...plain, ...parts })),
  fc.record({ pre_tokenizer: part }).map((parts) => ({ ...plain, ...parts })),
  fc.record({ post_processor: part }).map((parts) => ({ ...plain, ...parts })),
  fc
    .record({ normalizer: part, added_tokens: fc.array(addedToken, { maxLength: 3 }) })
    .map((parts) => ({ ...plain, ...parts })),
);

test("every tokenizer.json encodes or is refused", () => {
  let encoded = 0;
  fc.assert(
    fc.property(file, (object) => survives(JSON.stringify(object), () => encoded++)),
    { numRuns },
  );
  // Enough of them are tokenizers for this to say something.
  expect(encoded).toBeGreaterThan(numRuns / 20);
});

test("every text and every JSON encodes or is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => survives(text)),
    { numRuns },
  );
});

test("every tokenizer_config.json is read or refused", () => {
  const token = fc.oneof(name, fc.record({ content: name }), fc.jsonValue());
  const config = fc.record(
    {
      model_max_length: fc.oneof(fc.integer(), fc.double(), fc.constantFrom(1e30, 512)),
      padding_side: fc.constantFrom("left", "right", "up", null),
      truncation_side: fc.constantFrom("left", "right", "", null),
      bos_token: token,
      pad_token: token,
      chat_template: fc.oneof(
        fc.string(),
        fc.array(fc.record({ name, template: fc.string() })),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        config.map((object) => JSON.stringify(object)),
        fc.json(),
      ),
      (text) => {
        try {
          const { maxLength, namedTokens } = parseTokenizerConfig(text);
          expect(maxLength === undefined || (Number.isInteger(maxLength) && maxLength >= 0)).toBe(true);
          for (const token of namedTokens.values()) expect(typeof token).toBe("string");
        } catch (error) {
          expect(error).toMatchObject({
            code: "tokenizer/malformed",
            facts: { file: "tokenizer_config.json" },
          });
        }
        return true;
      },
    ),
    { numRuns },
  );
});

test("a token may have the name of a property of every object", () => {
  const names = ["__proto__", "constructor", "hasOwnProperty", "toString"];
  const vocab = names.map((token, i) => `${JSON.stringify(token)}:${i}`).join();
  const tokenizer = parseTokenizer(
    `{"added_tokens":[],"pre_tokenizer":{"type":"WhitespaceSplit"},` +
      `"model":{"type":"WordLevel","unk_token":"__proto__","vocab":{${vocab}}}}`,
  );
  expect([...tokenizer.encode(names.join(" "))]).toEqual([0, 1, 2, 3]);
  expect([...tokenizer.encode("valueOf")]).toEqual([0]);
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("normalizers that double a text again and again are refused before memory is full", () => {
  const normalizers = Array.from({ length: 60 }, () => ({
    type: "Replace",
    pattern: { String: "a" },
    content: "aa",
  }));
  const tokenizer = parseTokenizer(
    JSON.stringify({ ...plain, normalizer: { type: "Sequence", normalizers } }),
  );
  expect(() => tokenizer.encode("a")).toThrow(/more than 16777216 characters/);
});
