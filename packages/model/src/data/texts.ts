import type { TextRow } from "@espalier/contract";
import { readLines } from "./lines.ts";
import type { Bytes } from "./opened.ts";
import { neededText } from "./row-values.ts";
import { readRows, type ReadOptions } from "./rows.ts";

/**
 * Reads bare texts, as SimCSE trains on: one a line, JSON lines or an array of strings or `{text}`, Parquet, CSV or TSV.
 * Texts are kept as they are.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readTexts(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<TextRow> {
  yield* readRows(bytes, "texts", options, (row) => [{ text: neededText(row, "text") }]);
}

/**
 * The lines of a text, each of which is one text to embed: a blank one is refused, because vectors are known by their position.
 * @throws {Problem} `dataset/malformed` with the line, or `dataset/empty`
 */
export async function* readTextLines(bytes: Bytes): AsyncGenerator<string> {
  for await (const { text } of readLines(bytes)) yield text;
}
