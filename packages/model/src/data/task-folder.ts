import { createReadStream } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Problem, type DatasetKind, type LabelledText, type RetrievalRow } from "@espalier/contract";
import { readLines } from "./lines.ts";
import { Reading, refuse } from "./reading.ts";
import type { ReadOptions } from "./rows.ts";
import { readRetrieval } from "./retrieval-rows.ts";
import { readLabelledTexts } from "./task-readers.ts";

/** Kinds of datasets that may come as a folder. */
export const comesInFolder = (kind: DatasetKind): boolean =>
  kind === "retrieval" || kind === "classification";

export interface FolderOptions extends ReadOptions {
  /** Of which judgements retrieval is measured; default `test`. */
  readonly split?: string | undefined;
}

/**
 * The rows of a folder that is a task: BEIR's `corpus.jsonl`, `queries.jsonl` and `qrels/<split>.tsv` for retrieval, `train` and `test` with
 * any ending that is read for classification.
 * @throws {Problem} `dataset/malformed` with file, line and field, or `dataset/empty`; the system's error for a file that is missing
 */
export async function* readTaskFolder(
  kind: DatasetKind,
  folder: string,
  options: FolderOptions = {},
): AsyncGenerator<RetrievalRow | LabelledText> {
  if (kind === "retrieval") yield* readRetrieval(asBytes(beirRows(folder, options.split ?? "test")));
  else if (kind === "classification") yield* labelledTexts(folder, options);
  else throw new RangeError(`a dataset of ${kind} is one file`);
}

/** Queries for which nothing is judged in the split are of another one, and left out. */
async function* beirRows(folder: string, split: string): AsyncGenerator<RetrievalRow> {
  for (const file of ["corpus.jsonl", "queries.jsonl", join("qrels", `${split}.tsv`)])
    await access(join(folder, file));
  const judged = new Set<string>();
  const judgements: RetrievalRow[] = [];
  for await (const judgement of inFile(
    `qrels/${split}.tsv`,
    readJudgements(join(folder, "qrels", `${split}.tsv`)),
  )) {
    judged.add(judgement.judgement.queryId);
    judgements.push(judgement);
  }
  for await (const { id, text } of inFile("queries.jsonl", readTexts(join(folder, "queries.jsonl"))))
    if (judged.has(id)) yield { query: { id, text } };
  yield* judgements;
  for await (const document of inFile("corpus.jsonl", readTexts(join(folder, "corpus.jsonl"))))
    yield { document };
}

async function* readTexts(file: string): AsyncGenerator<{ id: string; title?: string; text: string }> {
  for await (const line of readLines(createReadStream(file), new Reading())) {
    let row: { _id?: unknown; title?: unknown; text?: unknown } | null;
    try {
      row = JSON.parse(line.text) as typeof row;
    } catch (error) {
      refuse(line, `not valid JSON: ${(error as Error).message}`);
    }
    const { _id: id, title, text } = row ?? {};
    if (typeof id !== "string" && !Number.isSafeInteger(id)) refuse(line, "/_id is no id", "/_id");
    if (typeof text !== "string") refuse(line, "/text is not a string", "/text");
    if (title !== undefined && title !== null && typeof title !== "string")
      refuse(line, "/title is not a string", "/title");
    yield { id: `${id as string | number}`, ...(title ? { title } : {}), text };
  }
}

type Judgement = Extract<RetrievalRow, { judgement: unknown }>;

/** BEIR's three columns with a header, or trec_eval's four: query, iteration, document, grade. */
async function* readJudgements(file: string): AsyncGenerator<Judgement> {
  for await (const line of readLines(createReadStream(file), new Reading())) {
    const cells = line.text.includes("\t") ? line.text.split("\t") : line.text.trim().split(/\s+/);
    const [queryId = "", documentId = "", digits = ""] =
      cells.length === 4 ? [cells[0], cells[2], cells[3]] : cells;
    if (line.number === 1 && !/^-?\d+$/.test(digits.trim())) continue;
    if (cells.length < 3 || !/^-?\d+$/.test(digits.trim()))
      refuse(line, "it takes a query, a document and a whole number, separated by TABs");
    yield { judgement: { queryId, documentId, grade: Number(digits) } };
  }
}

async function* labelledTexts(folder: string, options: FolderOptions): AsyncGenerator<LabelledText> {
  const files = await readdir(folder);
  for (const split of ["train", "test"] as const) {
    const file = files.find((each) =>
      new RegExp(`^${split}\\.(jsonl|json|csv|tsv|txt|parquet)(\\.gz)?$`, "i").test(each),
    );
    if (file === undefined)
      throw new Problem("dataset/malformed", `${folder} has no file ${split}.jsonl, .csv, .tsv or .parquet`);
    const rows = readLabelledTexts(createReadStream(join(folder, file)), options);
    for await (const { text, label } of inFile(file, rows)) yield { text, label, split };
  }
}

/** Says of a refusal in which file of the folder it is. */
async function* inFile<T>(file: string, rows: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    if (error instanceof Problem) throw new Problem(error.code, `${file}: ${error.message}`, error.facts);
    throw error;
  }
}

async function* asBytes(rows: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  for await (const row of rows) yield Buffer.from(`${JSON.stringify(row)}\n`);
}
