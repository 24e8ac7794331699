import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { isProblem, Problem } from "@espalier/contract";
import type { Columns } from "./columns.ts";
import type { Bytes } from "./opened.ts";
import type { RawRow, Reading } from "./reading.ts";

/** A group of rows is decoded as a whole; datasets and pandas write far smaller ones. */
const maxGroupBytes = 512 * 1024 * 1024;

/**
 * The rows of a Parquet file, one group of rows at a time, with the columns that mean something alone. The file is read by
 * ranges, so that it is first written to the folder for temporary files, where it has no name and ends with this process.
 * @throws {Problem} `dataset/malformed` for a file that is damaged, or whose groups of rows are too large
 */
export async function* parquetRows(bytes: Bytes, columns: Columns, reading: Reading): AsyncGenerator<RawRow> {
  const file = await unnamedFile(bytes);
  try {
    yield* rowsOf(await rangesOf(file), columns, reading);
  } catch (error) {
    if (isProblem(error) || !isDecoders(error)) throw error;
    throw new Problem(
      "dataset/malformed",
      `The file is not a whole Parquet file: ${(error as Error).message}.`,
    );
  } finally {
    await file.close();
  }
}

/** The decoder throws plain errors; those of the system have a code. */
const isDecoders = (error: unknown): boolean =>
  error instanceof Error &&
  !(
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("E") &&
    !error.code.startsWith("ERR_")
  );

async function* rowsOf(file: AsyncBuffer, columns: Columns, reading: Reading): AsyncGenerator<RawRow> {
  const metadata = await parquetMetadataAsync(file);
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  columns.checkNames(names, { number: 1, unit: "row" });
  const used = names.filter((name) => columns.meaningOf(name) !== undefined);
  const rest = names.filter((name) => !used.includes(name));
  let begin = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    checkSize(group, used);
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: used,
      rowStart: begin,
      rowEnd: begin + count,
      compressors,
    });
    for (const [i, row] of rows.entries()) {
      for (const name of rest) reading.ignore(name);
      const fields = new Map(used.map((name) => [name, plain(row[name])]));
      yield { number: begin + i + 1, unit: "row", fields };
    }
    begin += count;
  }
}

function checkSize(group: FileMetaData["row_groups"][number], used: readonly string[]): void {
  const bytes = group.columns
    .filter(({ meta_data }) => used.includes(meta_data?.path_in_schema[0] ?? ""))
    .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
  if (bytes <= maxGroupBytes) return;
  throw new Problem(
    "dataset/malformed",
    `A group of rows has ${bytes} bytes, and at most ${maxGroupBytes} are read at once; write the file with row_group_size=10000.`,
  );
}

/** Integers of 64 bits as numbers: scores are rarely of that kind, and never that large. */
const plain = (value: unknown): unknown => (typeof value === "bigint" ? Number(value) : value);

/** A file without a name that has these bytes; the system frees it when it is closed, or when this process ends. */
async function unnamedFile(bytes: Bytes): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-parquet-"));
  let file: FileHandle | undefined;
  try {
    file = await open(join(folder, "rows.parquet"), "wx+", 0o600);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  try {
    for await (const chunk of bytes) await file.writeFile(chunk);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function rangesOf(file: FileHandle): Promise<AsyncBuffer> {
  const { size: byteLength } = await file.stat();
  return {
    byteLength,
    async slice(start, end = byteLength) {
      const from = start < 0 ? Math.max(0, byteLength + start) : start;
      const length = Math.max(0, Math.min(end, byteLength) - from);
      const buffer = new Uint8Array(length);
      const { bytesRead } = await file.read(buffer, 0, length, from);
      return buffer.buffer.slice(0, bytesRead);
    },
  };
}
