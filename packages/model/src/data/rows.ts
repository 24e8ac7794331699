import { isProblem, Problem, type DatasetKind, type DatasetFormat } from "@espalier/contract";
import { Columns, type Row } from "./columns.ts";
import { delimitedRows, delimiterOf } from "./delimited.ts";
import { parseJson } from "../checkpoint/json.ts";
import { jsonItems } from "./json-items.ts";
import { readLines } from "./lines.ts";
import { openFile, type Bytes, type Opened } from "./opened.ts";
import { parquetRows } from "./parquet.ts";
import { Reading, refuse, type RawRow } from "./reading.ts";

/** How a file of rows is read. */
export interface ReadOptions {
  /** Default: what the file looks like. */
  readonly format?: DatasetFormat | undefined;
  /** Which fields or columns mean what, such as `score=5,sentence1=6,sentence2=7` or `query=question`. */
  readonly columns?: string | undefined;
  /** The first line of a delimited file is a header, also where columns are given by position. */
  readonly header?: boolean | undefined;
  /** Of a file that is unpacked. */
  readonly maxBytes?: number | undefined;
  /** Where it is noted what was passed over. */
  readonly reading?: Reading | undefined;
}

/**
 * The rows of a file, whatever its format, by what their values mean.
 * @param read what a row is, which may be several
 * @throws {Problem} `dataset/malformed` with line and field, `dataset/empty`, or `request/invalid` for the options
 */
export async function* readRows<T>(
  bytes: Bytes,
  kind: DatasetKind,
  options: ReadOptions,
  read: (row: Row) => readonly T[],
): AsyncGenerator<T> {
  const { header, maxBytes, reading = new Reading() } = options;
  const columns = new Columns(kind, options.columns);
  const file = await openFile(bytes, maxBytes);
  const format = formatOf(file, kind, options);
  let rows = 0;
  try {
    for await (const raw of rawRows(file, { format, columns, header }, reading)) {
      let items: readonly T[];
      try {
        items = read(columns.read(raw, reading));
      } catch (error) {
        reading.collect(error, raw.unit);
        continue;
      }
      rows++;
      yield* items;
    }
  } catch (error) {
    // Where the rest of the file cannot be read, what was found before it is told too.
    if (isProblem(error) && error.facts.errors === undefined && reading.errorCount > 0) {
      reading.collect(error);
      reading.refuse();
    }
    throw error;
  }
  reading.refuse();
  if (rows === 0) throw new Problem("dataset/empty", "the file has no rows");
}

function rawRows(
  file: Opened,
  how: { format: DatasetFormat; columns: Columns; header: boolean | undefined },
  reading: Reading,
): AsyncIterable<RawRow> {
  const { format, columns, header } = how;
  switch (format) {
    case "parquet":
      return parquetRows(file.bytes, columns, reading);
    case "csv":
    case "tsv":
      return delimitedRows(file, { format, columns, header }, reading);
    case "json":
      return parsed(jsonItems(file.bytes), "item", { columns, reading });
    case "jsonl":
      return parsed(readLines(file.bytes, reading), "line", { columns, reading });
    case "lines":
      return bare(readLines(file.bytes, reading));
  }
}

/** What was asked for, where it can be, or what the first bytes look like. */
function formatOf({ kind: opened, start }: Opened, kind: DatasetKind, options: ReadOptions): DatasetFormat {
  const { format, columns } = options;
  if (format === "lines" && kind !== "texts")
    throw new Problem("request/invalid", "Only bare texts come one a line.", { field: "/format" });
  if (opened === "parquet") return "parquet";
  if (format === "parquet") throw new Problem("dataset/malformed", "The file is not Parquet.");
  const text = start.toString("utf8").trimStart();
  if (text.startsWith("[")) {
    if (format !== undefined && format !== "jsonl") return format;
    // Rows without names are an array each, one a line; those of bare texts are no arrays.
    return kind !== "texts" && /^\[\s*"/.test(text) ? "jsonl" : "json";
  }
  if (format !== undefined) return format;
  if (text.startsWith("{") || (kind === "texts" && text.startsWith('"'))) return "jsonl";
  const delimiter = delimiterOf(Buffer.from(text));
  const [line = ""] = text.split(/\r?\n/, 1);
  const asRow = columns !== undefined || new Columns(kind).areNamedBy(cellsOf(line, delimiter));
  if (asRow) return delimiter === "\t" ? "tsv" : "csv";
  if (kind === "texts") return "lines";
  // The parser of JSON says what is wrong where there is nothing that separates columns.
  if (!line.includes(delimiter)) return "jsonl";
  return delimiter === "\t" ? "tsv" : "csv";
}

const cellsOf = (line: string, delimiter: string): string[] =>
  line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));

async function* parsed(
  texts: AsyncIterable<{ number: number; text: string }>,
  unit: "line" | "item",
  { columns, reading }: { columns: Columns; reading: Reading },
): AsyncGenerator<RawRow> {
  for await (const { number, text } of texts) {
    const at = { number, unit };
    let fields;
    try {
      fields = fieldsOf(text, at, columns);
    } catch (error) {
      reading.collect(error, unit);
      continue;
    }
    yield { ...at, fields };
  }
}

/** The fields of a row of JSON. */
function fieldsOf(
  text: string,
  at: Pick<RawRow, "number" | "unit">,
  columns: Columns,
): ReadonlyMap<string, unknown> {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    const fields = byPython(text);
    if (fields !== undefined) return fields;
    refuse(at, `not valid JSON: ${(error as Error).message}${hint(text)}`);
  }
  // A bare string is a text.
  if (typeof row === "string") return new Map([["text", row]]);
  if (Array.isArray(row)) return columns.unnamed(row);
  if (typeof row !== "object" || row === null) refuse(at, "not a JSON object");
  return new Map<string, unknown>(Object.entries(row));
}

/** The fields of an object in which Python has written NaN for what a row does not have; undefined for all else. */
function byPython(text: string): Map<string, unknown> | undefined {
  if (!/\bNaN\b/.test(text)) return undefined;
  try {
    const row = parseJson(text, { asPython: true });
    const isMissing = (value: unknown) => typeof value === "number" && Number.isNaN(value);
    return row instanceof Map
      ? new Map([...row].map(([name, value]) => [name, isMissing(value) ? null : value]))
      : undefined;
  } catch {
    return undefined;
  }
}

function hint(text: string): string {
  if (/^\s*\{\s*$/.test(text)) return "; an object stands on one line each, or all in one JSON array";
  if (/^\s*\{\s*'/.test(text)) return "; this is how Python prints a dict: write rows by json.dumps";
  if (/^[\w" ]+(\|[\w" ]+)+\s*$/.test(text)) return "; columns are separated by TABs, commas or semicolons";
  return /\}\s*,\s*$/.test(text) ? "; a line ends with its object, without a comma" : "";
}

async function* bare(lines: ReturnType<typeof readLines>): AsyncGenerator<RawRow> {
  for await (const { number, unit, text } of lines) yield { number, unit, fields: new Map([["text", text]]) };
}
