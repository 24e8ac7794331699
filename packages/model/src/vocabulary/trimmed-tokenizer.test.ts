import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseTokenizer } from "../tokenizer/tokenizer.ts";
import { trimmedTokenizer } from "./trimmed-tokenizer.ts";

/** Tokenizers of every kind, whose ids are held to those of the library by goldens.test.ts. */
const goldens = new URL("../tokenizer/goldens/", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, goldens), "utf8");
const strings = JSON.parse(read("strings.json")) as string[];
const families = readdirSync(goldens)
  .filter((name) => name.endsWith(".tokenizer.json"))
  .map((name) => name.replace(".tokenizer.json", ""));
/** With prefixes of continuations or suffixes of words, or one id for two tokens. */
const refused = ["affixes", "gemma", "metaspace-bpe", "mistral", "phi3"];

const corpus = strings.filter((_, i) => i % 100 === 7);

test.each(families.filter((family) => !refused.includes(family)))(
  "%s keeps the tokens of a corpus, loses others, and spells what it does not know as before",
  (family) => {
    const json = read(`${family}.tokenizer.json`);
    const whole = parseTokenizer(json);
    const used = new Set(corpus.flatMap((text) => [...whole.encode(text)]));
    const trimmed = trimmedTokenizer(json, "{}", used);
    expect(trimmed.ids).toEqual([...new Set(trimmed.ids)].sort((a, b) => a - b));
    const after = parseTokenizer(trimmed.json);
    for (const text of corpus)
      expect([...after.encode(text)]).toEqual([...whole.encode(text)].map((id) => trimmed.idOf(id)));
    // Every text can still be cut, into tokens that there are.
    const largest = strings.reduce((most, text) => Math.max(most, ...after.encode(text)), 0);
    expect(largest).toBeLessThan(trimmed.ids.length);
    const again = trimmedTokenizer(
      trimmed.json,
      "{}",
      new Set(corpus.flatMap((text) => [...after.encode(text)])),
    );
    expect(again.json).toBe(trimmed.json);
  },
);

test.each(refused)("%s is refused by name", (family) => {
  expect(() => trimmedTokenizer(read(`${family}.tokenizer.json`), "{}", new Set([0]))).toThrow(
    "cannot be trimmed",
  );
});
