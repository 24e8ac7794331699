import type { TextRow } from "@espalier/contract";
import { readLines, type Line } from "./lines.ts";
import { parseRow, refuse, text } from "./row.ts";

const known = new Set(["text"]);

/**
 * Reads bare texts, as SimCSE trains on: one a line, or JSON lines that are strings or `{text}`. Texts are kept as they
 * are.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readTexts(
  bytes: AsyncIterable<Uint8Array>,
  format: "jsonl" | "lines" = "jsonl",
): AsyncGenerator<TextRow> {
  for await (const line of readLines(bytes)) yield { text: format === "lines" ? line.text : textOf(line) };
}

function textOf(line: Line): string {
  if (!line.text.trimStart().startsWith('"')) return text(line, parseRow(line, known).get("text"), "/text");
  try {
    return text(line, JSON.parse(line.text), "");
  } catch (error) {
    if (error instanceof SyntaxError) refuse(line, `not valid JSON: ${error.message}`);
    throw error;
  }
}
