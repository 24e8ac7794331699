import { expect, test } from "vitest";
import { chunked, collect } from "../testing/streams.ts";
import { readTexts, readTextLines } from "./texts.ts";

const read = (content: string, format?: "jsonl" | "lines") =>
  collect(readTexts(chunked(content), { format }));

test("texts come one a line, as strings, or as objects", async () => {
  expect(await read('a b\n"quoted"\n', "lines")).toEqual([{ text: "a b" }, { text: '"quoted"' }]);
  expect(await read('"a\\nb"\n{"text": "c"}')).toEqual([{ text: "a\nb" }, { text: "c" }]);
});

test.each([
  ['"a"\n""', 2],
  ['{"text": 3}', 1],
  ['"a"\n"b', 2],
  ['{"label": 1}', 1],
])("%j is refused with its line", async (content, line) => {
  await expect(read(content)).rejects.toMatchObject({ code: "dataset/malformed", facts: { line } });
});

test("lines to embed may not be blank, because vectors are known by their position", async () => {
  expect(await collect(readTextLines(chunked("a\r\n{b\n")))).toEqual(["a", "{b"]);
  await expect(collect(readTextLines(chunked("a\n\nb\n")))).rejects.toMatchObject({
    code: "dataset/malformed",
    message: "line 2 is empty",
  });
});
