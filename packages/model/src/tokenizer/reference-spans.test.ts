import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { noTemplate } from "../templates/template.ts";
import { parseTokenizer } from "./tokenizer.ts";

interface Golden {
  cases: {
    tokenizer: string;
    prefix: string;
    text: string;
    suffix: string;
    maxLength: number;
    ids: number[];
    /** Tokens at the end that are pooled. */
    marked: number;
  }[];
}
const read = (name: string): string => readFileSync(new URL(`goldens/${name}`, import.meta.url), "utf8");
const { cases } = JSON.parse(read("reference-spans.json")) as Golden;
const families = [...new Set(cases.map(({ tokenizer }) => tokenizer))];

test.each(families)("%s: the reference's spans are those of l3prune", (family) => {
  const tokenizer = parseTokenizer(read(`${family}.tokenizer.json`));
  const own = cases.filter((golden) => golden.tokenizer === family);
  expect(own).toHaveLength(90);
  for (const { prefix, text, suffix, maxLength, ids, marked } of own) {
    const template = { ...noTemplate, prefix, suffix };
    const found = tokenizer.tokenize(text, { template, maxLength, spans: "reference" });
    expect({ ...found, ids: [...found.ids] }).toEqual({ ids, start: ids.length - marked, end: ids.length });
  }
});

test("tokens of an instruction are content where the reference cuts the text, and not by default", () => {
  const tokenizer = parseTokenizer(read("llama2.tokenizer.json"));
  const options = { instruction: "find the tree that grows", maxLength: 16 };
  const text = "tokenization of the model's layers";
  const [usual, reference] = [undefined, "reference" as const].map((spans) =>
    tokenizer.tokenize(text, { ...options, spans }),
  );
  expect(reference!.ids).toEqual(usual!.ids);
  expect(reference!.start).toBeLessThan(usual!.start);
});
