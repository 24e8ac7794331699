import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noSharedData, sharedData } from "../testing/shared-data.ts";
import { noTemplate } from "../templates/template.ts";
import { loadTokenizer, parseTokenizer, type Tokenizer } from "./tokenizer.ts";

const ids = (array: Int32Array) => [...array];

/** Words split at spaces; BOS before and EOS after every text. */
const words = ["<s>", "</s>", "<unk>", "find", ";", "a", "b", "c", "d", "find;"];
const wordLevelJson = JSON.stringify({
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "<s>", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "</s>", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "<s>": { id: "<s>", ids: [0], tokens: ["<s>"] },
      "</s>": { id: "</s>", ids: [1], tokens: ["</s>"] },
    },
  },
  decoder: null,
  model: {
    type: "WordLevel",
    unk_token: "<unk>",
    vocab: Object.fromEntries(words.map((word, id) => [word, id])),
  },
});
const wordLevel = parseTokenizer(wordLevelJson);

describe("content of a text", () => {
  test("is every token except the special tokens", () => {
    expect(wordLevel.tokenize("a b c")).toEqual({ ids: Int32Array.of(0, 5, 6, 7, 1), start: 1, end: 4 });
    expect(wordLevel.tokenize("a b c", { specialTokens: false })).toEqual({
      ids: Int32Array.of(5, 6, 7),
      start: 0,
      end: 3,
    });
  });

  test("excludes the instruction and includes the template's suffix", () => {
    const template = { ...noTemplate, prefix: "b ", suffix: " d" };
    const { ids: all, start, end } = wordLevel.tokenize("a c", { instruction: "find", template });
    expect(ids(all)).toEqual([0, 6, 9, 5, 7, 8, 1]);
    expect(ids(all.subarray(start, end))).toEqual([5, 7, 8]);
  });

  test("is cut on the right, and never reaches back into the instruction", () => {
    const cut = wordLevel.tokenize("a b c d", { instruction: "find", maxLength: 5 });
    expect(ids(cut.ids)).toEqual([0, 9, 5, 6, 1]);
    expect(ids(cut.ids.subarray(cut.start, cut.end))).toEqual([5, 6]);
    expect(wordLevel.tokenize("a b c d", { maxLength: 4 })).toEqual({
      ids: Int32Array.of(0, 5, 6, 1),
      start: 1,
      end: 3,
    });
  });

  test("that is empty is refused with its reason", () => {
    expect(() => wordLevel.tokenize(" ")).toThrow(expect.objectContaining({ code: "text/empty" }));
    expect(() => wordLevel.tokenize("a", { instruction: "find", maxLength: 3 })).toThrow(
      /instruction fills the maximum length of 3/,
    );
  });
});

describe("truncation on the left, where tokenizer_config.json asks for it", () => {
  const fromLeft = parseTokenizer(wordLevelJson, '{"truncation_side": "left"}');

  test("drops the first tokens, those of the instruction first, and keeps the special ones", () => {
    const cut = fromLeft.tokenize("a b c d", { instruction: "find", maxLength: 6 });
    expect(ids(cut.ids)).toEqual([0, 5, 6, 7, 8, 1]);
    expect([cut.start, cut.end]).toEqual([1, 5]);
    const part = fromLeft.tokenize("a b", { instruction: "d d", maxLength: 5 });
    expect(ids(part.ids)).toEqual([0, 2, 5, 6, 1]);
    expect([part.start, part.end]).toEqual([2, 4]);
  });

  test("can be chosen for each call, in both directions", () => {
    expect(ids(fromLeft.tokenize("a b c", { truncationSide: "right", maxLength: 4 }).ids)).toEqual([
      0, 5, 6, 1,
    ]);
    expect(ids(wordLevel.tokenize("a b c", { truncationSide: "left", maxLength: 4 }).ids)).toEqual([
      0, 6, 7, 1,
    ]);
  });
});

describe("what is pooled", () => {
  test("is every token of a sequence, so that a text without tokens may still have special tokens", () => {
    const pooled = "sequence";
    expect(wordLevel.tokenize("a", { pooled, instruction: "find" })).toEqual({
      ids: Int32Array.of(0, 9, 5, 1),
      start: 0,
      end: 4,
    });
    expect(wordLevel.tokenize("", { pooled })).toEqual({ ids: Int32Array.of(0, 1), start: 0, end: 2 });
    expect(() => wordLevel.tokenize("", { pooled, specialTokens: false })).toThrow(/it has no tokens/);
  });

  // As l3prune's `tokenize`: `embed_mask[-len(ids of the text alone):] = 1` on the ids of the whole once it is cut.
  test("is, with the reference's spans, as many tokens at the end as the text alone has", () => {
    const spans = "reference";
    const span = (...given: Parameters<Tokenizer["tokenize"]>) => {
      const { ids: all, start, end } = wordLevel.tokenize(...given);
      return ids(all.subarray(start, end));
    };
    expect(span("a b", { spans })).toEqual([6, 1]);
    expect(span("a b c", { spans, instruction: "find" })).toEqual([6, 7, 1]);
    expect(span("a b c d", { spans, instruction: "d d d", maxLength: 6 })).toEqual([8, 2, 5, 1]);
    expect(span("a b c d", { spans, instruction: "d d d", maxLength: 6, truncationSide: "left" })).toEqual([
      6, 7, 8, 1,
    ]);
    expect(span("a b c d", { spans, maxLength: 3 })).toEqual([0, 5, 1]);
    expect(span("a", { spans, template: { ...noTemplate, suffix: " d" } })).toEqual([8, 1]);
    expect(() => span("", { spans, instruction: "find" })).toThrow(/it has no tokens/);
  });
});

test("a template that writes special tokens itself gets none added", () => {
  const template = { ...noTemplate, prefix: "<s> ", suffix: " </s>", writesSpecialTokens: true };
  expect(wordLevel.tokenize("a", { template })).toEqual({ ids: Int32Array.of(0, 5, 1), start: 1, end: 3 });
  expect(ids(wordLevel.tokenize("a", { template, specialTokens: true }).ids)).toEqual([0, 0, 5, 1, 1]);
});

test("a caller may change the ids that it gets without changing later results", () => {
  wordLevel.encode("a b").fill(9);
  wordLevel.tokenize("a b", { specialTokens: false }).ids.fill(9);
  expect(ids(wordLevel.encode("a b"))).toEqual([0, 5, 6, 1]);
});

describe("tokenizer_config.json", () => {
  const read = (config: object) => parseTokenizer(wordLevelJson, JSON.stringify(config));

  test("gives the maximum length, and the sides of truncation and padding", () => {
    const config = { model_max_length: 512, truncation_side: "left", padding_side: "left" };
    expect(read(config)).toMatchObject({ maxLength: 512, truncationSide: "left", paddingSide: "left" });
    const silent = { maxLength: undefined, truncationSide: "right", paddingSide: "right" };
    expect(read({})).toMatchObject(silent);
    expect(read({ model_max_length: 1e30, padding_side: null })).toMatchObject(silent);
  });

  test.each([
    [{ model_max_length: "512" }, /model_max_length/],
    [{ model_max_length: 0 }, /model_max_length/],
    [{ padding_side: "up" }, /padding_side is not one of left, right/],
    [{ bos_token: 7 }, /bos_token is not an object/],
    [{ chat_template: [{ name: "default" }] }, /chat_template\[0\] has no template/],
  ])("is refused by name: %j", (config, message) => {
    expect(() => read(config)).toThrow(
      expect.objectContaining({ code: "tokenizer/malformed", facts: { file: "tokenizer_config.json" } }),
    );
    expect(() => read(config)).toThrow(message);
  });
});

test.each([
  ["not JSON", /not valid JSON/],
  ["[]", /not an object/],
  ["{}", /model is not an object/],
  ['{"model":{"type":"Morse"}}', /"Morse", which is not supported/],
  ['{"version":"2.0","model":{}}', /another version/],
  ['{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}', /"b", which is not in the vocabulary/],
  ['{"model":{"type":"BPE","vocab":{"a":0},"merges":["a  a"]}}', /other than two tokens at 0/],
  ['{"model":{"type":"BPE","vocab":{"a":0},"merges":[],"dropout":0.1}}', /left to chance/],
  ['{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}}', /not a whole number/],
  ['{"model":{"type":"BPE","vocab":{"a":0,"a":1},"merges":[]}}', /twice in one object/],
  [
    '{"model":{"type":"WordPiece","vocab":{},"unk_token":"a","continuing_subword_prefix":""}}',
    /max_input_chars/,
  ],
  ['{"model":{"type":"Unigram","vocab":[["a",0]],"unk_id":1}}', /unk_id that is not in its vocabulary/],
  [
    '{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"added_tokens":[{"id":7,"content":"b","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}]}',
    /gives "b" the id 7, but it is read as 1/,
  ],
  [
    '{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a*)*"},"behavior":"Isolated","invert":false}}',
    /pre_tokenizer.pattern cannot be used: repeating without limit/,
  ],
])("a tokenizer that cannot be used is refused by name: %s", (text, message) => {
  expect(() => parseTokenizer(text)).toThrow(
    expect.objectContaining({ code: "tokenizer/malformed", facts: { file: "tokenizer.json" } }),
  );
  expect(() => parseTokenizer(text)).toThrow(message);
});

describe("real tokenizers give the ids that their own implementations give", () => {
  const load = (...path: string[]): Promise<Tokenizer | undefined> => {
    const folder = sharedData(...path);
    return folder === undefined ? Promise.resolve(undefined) : loadTokenizer(folder);
  };

  test("Phi-3, as SentencePiece spells it", async ({ skip }) => {
    const tokenizer = await load("tokenizer-phi3-mini");
    const goldens = sharedData("tokenizer-ggml-vocab");
    if (!tokenizer || !goldens) {
      skip(noSharedData);
      return;
    }
    const file = join(goldens, "ggml-vocab-phi-3.gguf");
    const texts = (await readFile(`${file}.inp`, "utf8")).split("\n__ggml_vocab_test__\n");
    const expected = (await readFile(`${file}.out`, "utf8")).split("\n");
    expect(texts).toHaveLength(47);
    for (const [i, text] of texts.entries()) {
      expect([text, ids(tokenizer.encode(text, { specialTokens: false })).join(" ")]).toEqual([
        text,
        expected[i]!.trim(),
      ]);
    }
  });

  test("a Llama-2 with merges of spaces, which `tokenizers` refuses, too", async ({ skip }) => {
    const folder = sharedData("tokenizer-llama2");
    if (folder === undefined) {
      skip(noSharedData);
      return;
    }
    await expect(loadTokenizer(folder)).rejects.toThrow(/merge of other than two tokens at 18917/);
  });

  test("SmolLM2, byte level", async ({ skip }) => {
    const tokenizer = await load("weights-smollm2-135m");
    if (!tokenizer) {
      skip(noSharedData);
      return;
    }
    const golden = JSON.parse(await readFile(sharedData("weights-smollm2-135m", "golden.json")!, "utf8")) as {
      sentences: string[];
      ids: number[][];
    };
    expect(golden.sentences.map((text) => ids(tokenizer.encode(text)))).toEqual(golden.ids);
  });

  test("stories260K, with its BOS", async ({ skip }) => {
    const tokenizer = await load("weights-stories260K", "derived-hf");
    if (!tokenizer) {
      skip(noSharedData);
      return;
    }
    const golden = JSON.parse(
      await readFile(sharedData("weights-stories260K", "derived-hf", "golden.json")!, "utf8"),
    ) as { text: string; ids: number[] };
    expect(ids(tokenizer.encode(golden.text))).toEqual(golden.ids);
    expect(tokenizer.tokenize(golden.text)).toEqual({
      ids: Int32Array.from(golden.ids),
      start: 1,
      end: golden.ids.length,
    });
  });

  test("a tokenizer that promises byte fallback without byte tokens gives the unknown token", async ({
    skip,
  }) => {
    const tokenizer = await load("weights-tinystories-656K");
    if (!tokenizer) {
      skip(noSharedData);
      return;
    }
    const [bos, ...rest] = tokenizer.encode("(");
    expect(bos).toBe(1);
    expect(rest.at(-1)).toBe(0);
  });
});
