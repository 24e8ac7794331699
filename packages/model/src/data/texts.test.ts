import { expect, test } from "vitest";
import { chunked, collect } from "../testing/streams.ts";
import { readTexts } from "./texts.ts";

const read = (content: string, format?: "jsonl" | "lines") => collect(readTexts(chunked(content), format));

test("texts come one a line, as strings, or as objects", async () => {
  expect(await read('a b\n"quoted"\n', "lines")).toEqual([{ text: "a b" }, { text: '"quoted"' }]);
  expect(await read('"a\\nb"\n{"text": "c"}')).toEqual([{ text: "a\nb" }, { text: "c" }]);
});

test.each([
  ['"a"\n""', 2],
  ['{"text": 3}', 1],
  ['{"text": "a", "label": 1}', 1],
  ['"a"\n"b', 2],
  ['"a"\n\n"b"', 2],
])("%j is refused with its line", async (content, line) => {
  await expect(read(content)).rejects.toMatchObject({ code: "dataset/malformed", facts: { line } });
});
