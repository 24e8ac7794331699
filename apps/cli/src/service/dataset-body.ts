import { stat } from "node:fs/promises";
import { ReadableStream } from "node:stream/web";
import type { DatasetCreateQuery } from "@espalier/contract";
import { comesInFolder, readTaskFolder } from "@espalier/model/data";
import type { DatasetFile } from "../arguments/dataset-file.ts";
import { streamFile } from "./model-folder.ts";

/**
 * What registers a file or a folder: a file as it is, of a folder the rows that are read from it here.
 * @throws the system's error for what cannot be read; {Problem} `dataset/malformed` while a folder is sent
 */
export async function datasetBody(
  query: DatasetCreateQuery,
  { path, split }: Pick<DatasetFile, "path" | "split">,
): Promise<[query: DatasetCreateQuery, body: ReadableStream<Uint8Array>]> {
  if (!comesInFolder(query.kind) || !(await stat(path)).isDirectory()) return [query, await streamFile(path)];
  const { columns, header, format, ...rest } = query;
  const rows = readTaskFolder(query.kind, path, { columns, header, format, split });
  return [{ ...rest, format: "jsonl" }, ReadableStream.from(asLines(rows))];
}

async function* asLines(rows: AsyncIterable<object>): AsyncGenerator<Uint8Array> {
  for await (const row of rows) yield new TextEncoder().encode(`${JSON.stringify(row)}\n`);
}
