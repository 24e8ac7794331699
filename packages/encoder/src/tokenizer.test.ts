import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { noSharedData, sharedData } from "./testing/shared-data.ts";
import { noTemplate } from "./template.ts";
import { loadTokenizer, parseTokenizer, type Tokenizer } from "./tokenizer.ts";

const ids = (array: Int32Array) => [...array];

/** Words split at spaces; BOS before and EOS after every text. */
const words = ["<s>", "</s>", "<unk>", "find", ";", "a", "b", "c", "d", "find;"];
const wordLevel = parseTokenizer(
  JSON.stringify({
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
      type: "WordPiece",
      unk_token: "<unk>",
      continuing_subword_prefix: "##",
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  }),
);

describe("content of a text", () => {
  test("is all of it but the special tokens", () => {
    expect(wordLevel.tokenize("a b c")).toEqual({ ids: Int32Array.of(0, 5, 6, 7, 1), start: 1, end: 4 });
    expect(wordLevel.tokenize("a b c", { specialTokens: false })).toEqual({
      ids: Int32Array.of(5, 6, 7),
      start: 0,
      end: 3,
    });
  });

  test("leaves out the instruction and takes in the template's suffix", () => {
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

test("ids that are handed out may be changed without harm", () => {
  wordLevel.encode("a b").fill(9);
  wordLevel.tokenize("a b", { specialTokens: false }).ids.fill(9);
  expect(ids(wordLevel.encode("a b"))).toEqual([0, 5, 6, 1]);
});

test.each([
  ["not JSON"],
  ["[]"],
  ["{}"],
  ['{"model":{"type":"Morse"},"decoder":null,"post_processor":null,"pre_tokenizer":null,"normalizer":null}'],
])("a tokenizer that cannot be used is refused: %s", (text) => {
  expect(() => parseTokenizer(text)).toThrow(
    expect.objectContaining({ code: "tokenizer/malformed", facts: { file: "tokenizer.json" } }),
  );
});

describe("real tokenizers give the ids that their own implementations give", () => {
  const load = (...path: string[]): Promise<Tokenizer | undefined> => {
    const folder = sharedData(...path);
    return folder === undefined ? Promise.resolve(undefined) : loadTokenizer(folder);
  };

  test.for([
    ["tokenizer-llama2", "llama-spm"],
    ["tokenizer-phi3-mini", "phi-3"],
  ] as const)("%s", async ([folder, golden], { skip }) => {
    const tokenizer = await load(folder);
    const goldens = sharedData("tokenizer-ggml-vocab");
    if (!tokenizer || !goldens) {
      skip(noSharedData);
      return;
    }
    const file = join(goldens, `ggml-vocab-${golden}.gguf`);
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
