import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { Problem } from "@espalier/contract";
import type { Columns } from "./columns.ts";
import { maxRowBytes, readLines } from "./lines.ts";
import type { Bytes, Opened } from "./opened.ts";
import { refuse, type RawRow, type Reading } from "./reading.ts";

interface Cells {
  readonly number: number;
  readonly cells: readonly string[];
}

export interface DelimitedOptions {
  /** `tsv` has TABs and no quoting, as STS-B and SICK have it; `csv` has quotes (RFC 4180). */
  readonly format: "tsv" | "csv";
  readonly columns: Columns;
  /** The first line is a header. Without positions of columns it is one anyhow. */
  readonly header?: boolean | undefined;
}

/**
 * The rows of a file of TAB or comma separated values.
 * @throws {Problem} `dataset/malformed` with the line; `request/invalid` for columns that are not understood
 */
export async function* delimitedRows(
  { bytes, start }: Opened,
  { format, columns, header = false }: DelimitedOptions,
  reading: Reading,
): AsyncGenerator<RawRow> {
  const positions = columns.positions();
  const rows = format === "tsv" ? tabbed(bytes, reading) : quoted(bytes, delimiterOf(start), reading);
  let names: readonly string[] | undefined;
  let first = true;
  for await (const { number, cells } of rows) {
    const row = { number, unit: "line", delimited: true } as const;
    if (first && format === "tsv" && cells.length === 1 && (positions?.size ?? 2) > 1)
      refuse(
        row,
        `there is no TAB${cells[0]!.includes(",") ? "; it looks comma separated: use format csv" : ""}`,
      );
    if (first && (header || positions === undefined)) {
      if (positions === undefined) {
        const named = cells.map((cell) => cell.trim());
        names = named;
        columns.checkNames(named, row);
        const twice = named.find(
          (name, i) => named.indexOf(name) < i && columns.meaningOf(name) !== undefined,
        );
        if (twice !== undefined)
          refuse(
            row,
            `two columns are called ${JSON.stringify(twice)}; number them, such as negative_1 and negative_2`,
          );
      }
      first = false;
      continue;
    }
    first = false;
    let fields;
    try {
      fields = positions ? byPosition(row, cells, positions) : byName(row, cells, names!);
    } catch (error) {
      reading.collect(error);
      continue;
    }
    yield { ...row, fields };
  }
}

type Place = Omit<RawRow, "fields">;

function byPosition(row: Place, cells: readonly string[], positions: ReadonlyMap<number, string>) {
  const fields = new Map<string, unknown>();
  for (const [at, meaning] of positions) {
    const value = cells[at - 1];
    if (value === undefined)
      refuse(row, `${meaning} is column ${at}, but the line has ${cells.length} columns`, meaning);
    fields.set(String(at), value);
  }
  return fields;
}

function byName(row: Place, cells: readonly string[], names: readonly string[]) {
  if (cells.length > names.length)
    refuse(row, `it has ${cells.length} columns, and the header has ${names.length}`);
  return new Map<string, unknown>(names.map((name, i) => [name, cells[i]]));
}

async function* tabbed(bytes: Bytes, reading: Reading): AsyncGenerator<Cells> {
  for await (const { number, text } of readLines(bytes, reading)) yield { number, cells: text.split("\t") };
}

async function* quoted(bytes: Bytes, delimiter: string, reading: Reading): AsyncGenerator<Cells> {
  const parser = parse({
    delimiter,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
  });
  const source = Readable.from(utf8(bytes));
  source.on("error", (error) => parser.destroy(error)).pipe(parser);
  let empty = 0;
  let number = 1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      // The line on which it ends; a cell may have line breaks.
      number = info.lines;
      yield { number, cells: record };
      empty = info.empty_lines;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === "number" ? error.lines : number;
    throw new Problem("dataset/malformed", `line ${line}: not valid CSV: ${error.message}`, { line });
  } finally {
    reading.blankLines += empty;
    source.destroy();
  }
}

interface Info {
  lines: number;
  empty_lines: number;
}

async function* utf8(bytes: Bytes): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new Problem("dataset/malformed", "The file is not UTF-8; save it as UTF-8.");
  }
}

/** What separates the columns of a file by its first line: a TAB where there is one, since texts rarely have it. */
export function delimiterOf(start: Buffer): "," | ";" | "\t" {
  const [line = ""] = start.toString("utf8").split(/\r?\n/, 1);
  const bare = line.replace(/"(?:[^"]|"")*"/g, "");
  if (bare.includes("\t")) return "\t";
  return bare.split(";").length > bare.split(",").length ? ";" : ",";
}
