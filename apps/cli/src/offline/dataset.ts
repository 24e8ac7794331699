import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import type { DatasetKind } from "@espalier/contract";
import { jsonLines, readDataset } from "@espalier/model/data";
import { datasetQuery, type DatasetFile } from "../arguments/dataset-file.ts";

/**
 * Reads a dataset's file as the service does one that is registered, and writes to `target` what the service would store.
 * @returns the name that the service would give it
 * @throws the system's error for what cannot be read; {Problem} `dataset/malformed`, `request/invalid`
 */
export async function storeDataset(kind: DatasetKind, file: DatasetFile, target: string): Promise<string> {
  const { name, format, columns, header } = datasetQuery(kind, file);
  if ((await stat(file.path)).isDirectory())
    throw Object.assign(new Error(`${file.path} is a folder`), { code: "EISDIR", path: file.path });
  const rows = readDataset(kind, createReadStream(file.path), { format, columns, header });
  const lines = jsonLines(rows, { rows: 0, duplicates: 0 });
  await pipeline(Readable.from(lines), createWriteStream(target));
  return name;
}
