import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import type { DatasetKind } from "@espalier/contract";
import { comesInFolder, jsonLines, readDataset, Reading, readTaskFolder } from "@espalier/model/data";
import { datasetQuery, type DatasetFile } from "../arguments/dataset-file.ts";
import { skippedLines } from "../tables/reading-lines.ts";
import type { Output } from "../terminal/output.ts";

/**
 * Reads a dataset's file as the service does one that is registered, and writes to `target` what the service would store. What
 * was passed over is told.
 * @returns the name that the service would give it
 * @throws the system's error for what cannot be read; {Problem} `dataset/malformed`, `request/invalid`
 */
export async function storeDataset(
  kind: DatasetKind,
  file: DatasetFile,
  target: string,
  output: Pick<Output, "warn">,
): Promise<string> {
  const { name, format, columns, header } = datasetQuery(kind, file);
  const reading = new Reading();
  const how = { format, columns, header, reading };
  const isFolder = (await stat(file.path)).isDirectory();
  if (isFolder && !comesInFolder(kind))
    throw Object.assign(new Error(`${file.path} is a folder`), { code: "EISDIR", path: file.path });
  const rows = isFolder
    ? readTaskFolder(kind, file.path, { ...how, split: file.split })
    : readDataset(kind, createReadStream(file.path), how);
  const lines = jsonLines(rows, { rows: 0, duplicates: 0 });
  await pipeline(Readable.from(lines), createWriteStream(target));
  const { blankLines } = reading;
  const ignored = [...reading.ignored].map(([name, rows]) => ({ name, rows }));
  for (const line of skippedLines({ blankLines, ignored })) output.warn(`${name}: ${line}`);
  return name;
}

/** Lends a folder for what a command stores while it works; it is gone when `use` ends, however it ends. */
export async function withScratch<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
