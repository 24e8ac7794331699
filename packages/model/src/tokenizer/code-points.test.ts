import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseJson } from "../checkpoint/json.ts";
import { readNormalizer } from "./normalizers.ts";
import { Part } from "./part.ts";
import { readPreTokenizer } from "./pre-tokenizers.ts";

interface Golden {
  block: number;
  starts: number[];
  cases: Record<string, { kind: "normalizer" | "pre_tokenizer"; part: object; digests: string }>;
}

const golden = JSON.parse(
  readFileSync(new URL("goldens/code-points.json", import.meta.url), "utf8"),
) as Golden;

const texts = golden.starts.map((start) => {
  let text = "";
  for (let point = start; point < start + golden.block; point++) {
    const character = String.fromCodePoint(point);
    if (point < 0xd800 || point > 0xdfff) text += `a${character}b ${character} `;
  }
  return text;
});

/** The part as a function from a text to a text; pieces are set apart by NUL. */
function resultOf({ kind, part }: Golden["cases"][string]): (text: string) => string {
  const read = new Part(parseJson(JSON.stringify(part)), kind);
  if (kind === "normalizer") {
    const normalizer = readNormalizer(read);
    return (text) => normalizer.normalize(text);
  }
  const preTokenizer = readPreTokenizer(read, false);
  return (text) => {
    const pieces: string[] = [];
    preTokenizer.split(text, pieces, true);
    return pieces.map((piece) => preTokenizer.spell?.(piece) ?? piece).join("\0");
  };
}

test.each(Object.keys(golden.cases))(
  "%s does to every code point what the tokenizers library does",
  (name) => {
    const result = resultOf(golden.cases[name]!);
    const digests = texts.map((text) => createHash("sha256").update(result(text)).digest("hex").slice(0, 8));
    const wrong = golden.cases[name]!.digests.split(" ").flatMap((digest, i) =>
      digest === digests[i] ? [] : [`U+${golden.starts[i]!.toString(16)}`],
    );
    expect(wrong).toEqual([]);
    expect(digests).toHaveLength(golden.starts.length);
  },
);
