import { Problem, type StsPair } from "@espalier/contract";
import { readLines, type Line } from "./lines.ts";
import { parseRow, refuse, text } from "./row.ts";

const names = ["sentence1", "sentence2", "score"] as const;
const known = new Set<string>(names);

/** 1-based columns of a file of TAB separated values. */
export type StsColumns = Readonly<Record<(typeof names)[number], number>>;

export type StsFormat =
  | { readonly format: "jsonl" }
  /** TAB separated values without quoting, as STS-B and SICK have them; `header` skips the first line. */
  | { readonly format: "tsv"; readonly columns: StsColumns; readonly header?: boolean };

/**
 * Reads `score=5,sentence1=6,sentence2=7`.
 * @throws {Problem} `request/invalid` unless each of the three is named once
 */
export function parseStsColumns(list: string): StsColumns {
  const columns = new Map<string, number>();
  const wrong = (reason: string): never => {
    throw new Problem(
      "request/invalid",
      `columns: ${reason}; give score, sentence1 and sentence2, such as score=5,sentence1=6,sentence2=7`,
      { field: "/columns" },
    );
  };
  for (const part of list.split(",")) {
    const [, name, digits] = /^(\w+)=([1-9]\d{0,3})$/.exec(part.trim()) ?? [];
    if (name === undefined || !known.has(name)) return wrong(`"${part.slice(0, 80)}" is not understood`);
    if (columns.has(name)) wrong(`${name} is given twice`);
    columns.set(name, Number(digits));
  }
  const column = (name: string) => columns.get(name) ?? wrong(`${name} is missing`);
  return { sentence1: column("sentence1"), sentence2: column("sentence2"), score: column("score") };
}

/**
 * Reads pairs of sentences with a graded similarity. Texts are kept as they are; any finite score will do, since
 * evaluation compares ranks.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readStsPairs(
  bytes: AsyncIterable<Uint8Array>,
  format: StsFormat = { format: "jsonl" },
): AsyncGenerator<StsPair> {
  let rows = 0;
  for await (const line of readLines(bytes)) {
    if (format.format === "tsv" && format.header === true && line.number === 1) continue;
    yield format.format === "tsv" ? pairOfColumns(line, format.columns) : pairOfJson(line);
    rows++;
  }
  if (rows === 0) throw new Problem("dataset/empty", "the file has a header and no rows");
}

function pairOfJson(line: Line): StsPair {
  const fields = parseRow(line, known);
  const score = fields.get("score");
  if (typeof score !== "number" || !Number.isFinite(score)) refuse(line, "/score is not a number", "/score");
  return {
    sentence1: text(line, fields.get("sentence1"), "/sentence1"),
    sentence2: text(line, fields.get("sentence2"), "/sentence2"),
    score,
  };
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

function pairOfColumns(line: Line, columns: StsColumns): StsPair {
  const cells = line.text.split("\t");
  const cell = (name: (typeof names)[number]): string => {
    const value = cells[columns[name] - 1];
    if (value === undefined)
      refuse(line, `${name} is column ${columns[name]}, but the line has ${cells.length} columns`, name);
    return text(line, value, name);
  };
  const digits = cell("score").trim();
  const score = Number(digits);
  if (!decimal.test(digits) || !Number.isFinite(score))
    refuse(line, `the score ${JSON.stringify(digits.slice(0, 40))} is not a number`, "score");
  return { sentence1: cell("sentence1"), sentence2: cell("sentence2"), score };
}
