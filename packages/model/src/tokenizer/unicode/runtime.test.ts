import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What answers by the Unicode of the runtime, so that another version of Node would give other ids. */
const asking = [
  /\bIntl\b/,
  // `normalize` is also the name of a method of our own.
  /\.(?:localeCompare|normalize|trim|trimEnd|trimStart)(?=\()/,
  /\.to(?:Locale)?(?:Lower|Upper)Case(?=\()/,
  // In a regular expression: a class that Unicode defines, or the flag that leaves case aside.
  /(?<!\\)\\[pPsS](?![a-z])/,
  /\/[dgmsuvy]*i[dgmsuvy]*(?=[\s.,;)])/,
  // A class in a string is a pattern of a tokenizer's own, except where a RegExp is made of it.
  /new RegExp\([^\n]*\\[pPsS]/,
].map(({ source }) => source);

/** The uses that do not depend on the version of Unicode, by file. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  // Only texts of ASCII.
  "lowercase.ts": [".toLowerCase", ".toLowerCase"],
  // Digits of a hexadecimal number.
  "models/vocabulary.ts": [".toUpperCase"],
  // Only characters whose normal forms no release of Unicode may change.
  "normal-form.ts": [".normalize", ".normalize", ".normalize"],
  // The method of our own normalizers.
  "normalizers.ts": [".normalize"],
  "pipeline.ts": [".normalize"],
};

/** What a source file asks the runtime about characters, except in comments. */
function questions(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\*|\*|\/\/).*$/gm, "");
  return Array.from(code.matchAll(new RegExp(asking.join("|"), "g")), ([found]) => found);
}

test.each([
  ["const letter = /\\p{L}/u;", "\\p"],
  ["const blank = /\\s+/;", "\\s"],
  ["const letter = /k/i;", "/i"],
  ['new RegExp("\\\\p{Lu}", "u")', 'new RegExp("\\\\p'],
  ["new RegExp(`[${set}\\\\P{Han}]`)", "new RegExp(`[${set}\\\\P"],
  ["text.toLowerCase()", ".toLowerCase"],
  ['text.normalize("NFC")', ".normalize"],
  ["new Intl.Segmenter()", "Intl"],
])("%s asks the runtime", (source, question) => {
  expect(questions(source)).toEqual([question]);
});

test("a pattern of a tokenizer's own and a comment ask nothing", () => {
  expect(questions('new Pattern("\\\\p{L}+"); /[\\ud800-\\udfff]/gu;\n// As /\\p{L}/u would.')).toEqual([]);
});

test("the tokenizer takes no property of a character from the runtime, so that ids do not change with Node", () => {
  const folder = new URL("../", import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.endsWith(".test.ts"),
  );
  expect(files.length).toBeGreaterThan(30);
  const asked = files.map((file) => [file, questions(readFileSync(new URL(file, folder), "utf8"))] as const);
  expect(Object.fromEntries(asked.filter(([, found]) => found.length > 0))).toEqual(harmless);
});
