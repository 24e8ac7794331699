import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseFile } from "./part.ts";
import { Pipeline } from "./pipeline.ts";
import { readScore } from "./score.ts";

const goldens = new URL("goldens/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, goldens), "utf8");

const strings = JSON.parse(read("strings.json")) as string[];
const families = readdirSync(goldens)
  .filter((name) => name.endsWith(".tokenizer.json"))
  .map((name) => name.replace(".tokenizer.json", ""));

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Ids of a golden: two digits in base 64 for each. */
const unpack = (packed: string): number[] =>
  Array.from(
    { length: packed.length / 2 },
    (_, i) => digits.indexOf(packed[2 * i]!) * 64 + digits.indexOf(packed[2 * i + 1]!),
  );

interface Golden {
  aWithSpecialTokens: number[];
  ids: string[];
}

describe("ids are those of the tokenizers library on code, scripts, marks, whitespace, controls and special tokens", () => {
  test("there are enough strings, and families of every kind", () => {
    expect(strings.length).toBeGreaterThan(2500);
    expect(families).toEqual(
      expect.arrayContaining([
        "gpt2",
        "llama2",
        "llama3",
        "mistral",
        "qwen2",
        "phi3",
        "xlm-roberta",
        "bert-cased",
        "bert-uncased",
      ]),
    );
  });

  test.each(families)("%s", (family) => {
    const pipeline = new Pipeline(
      parseFile(read(`${family}.tokenizer.json`), "tokenizer.json", { readNumber: readScore }),
    );
    const golden = JSON.parse(read(`${family}.ids.json`)) as Golden;
    expect(golden.ids).toHaveLength(strings.length);
    const wrong = strings.flatMap((text, i) => {
      const [ids, expected] = [pipeline.encode(text), unpack(golden.ids[i]!)];
      return ids.join() === expected.join() ? [] : [{ text, ids, expected }];
    });
    expect(wrong).toEqual([]);
    const { before, after } = pipeline.specialTokens;
    expect([...before, ...pipeline.encode("a"), ...after]).toEqual(golden.aWithSpecialTokens);
  });
});

const long = 100_000;

/** Texts whose length, squared, would be hours. */
const longTexts: Record<string, string> = {
  "one letter": "a".repeat(long),
  "all letters": Array.from({ length: long }, (_, i) =>
    String.fromCharCode(97 + ((i * i * 31 + 7 * i) % 26)),
  ).join(""),
  blanks: " ".repeat(long),
  "newlines and blanks": "\n ".repeat(long / 2),
  digits: "1234567890".repeat(long / 10),
  marks: `a${"\u0301".repeat(long)}`,
  emoji: "\ud83d\ude00".repeat(long / 2),
  "one cluster": "\ud83d\udc69\u200d".repeat(long / 3),
  "special tokens": "<s></s>[CLS]".repeat(long / 12),
};

test.each(families)("%s encodes long repetitive texts in a time that grows with their length", (family) => {
  const pipeline = new Pipeline(
    parseFile(read(`${family}.tokenizer.json`), "tokenizer.json", { readNumber: readScore }),
  );
  for (const text of Object.values(longTexts))
    expect(pipeline.encode(text).length).toBeLessThanOrEqual(4 * text.length);
});
