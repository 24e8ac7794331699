import type { StsPair } from "@espalier/contract";
import type { Row } from "./columns.ts";
import type { Bytes } from "./opened.ts";
import { refuse } from "./reading.ts";
import { needed, neededText } from "./row-values.ts";
import { readRows, type ReadOptions } from "./rows.ts";

/**
 * Reads pairs of sentences with a graded similarity: JSON lines or an array of `{sentence1, sentence2, score}`, Parquet, CSV or
 * TSV; `label` is the score where there is no other. Texts are kept as they are; any finite score will do, since evaluation
 * compares ranks.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readStsPairs(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<StsPair> {
  yield* readRows(bytes, "sts", options, (row) => {
    // The score first: it is what tells a header, or other columns, from a row.
    const score = scoreOf(row);
    return [{ sentence1: neededText(row, "sentence1"), sentence2: neededText(row, "sentence2"), score }];
  });
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function scoreOf(row: Row): number {
  const { name, value } = needed(row, "score");
  if (!row.delimited) {
    const at = row.at(name);
    // Rows that were a delimited file once have digits for numbers.
    const number = typeof value === "string" && decimal.test(value.trim()) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isFinite(number)) refuse(row, `${at} is not a number`, at);
    return number;
  }
  const digits = String(value).trim();
  const score = Number(digits);
  if (!decimal.test(digits) || !Number.isFinite(score))
    refuse(
      row,
      `the score ${JSON.stringify(digits.slice(0, 40))} is not a number${row.number === 1 ? "; if the first line is a header, say so" : ""}`,
      "score",
    );
  return score;
}
