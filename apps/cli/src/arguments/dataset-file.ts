import type { DatasetCreateQuery, DatasetKind } from "@espalier/contract";
import { nameFrom } from "../service/model-folder.ts";

/** A file that is to become a dataset, and how it is read. */
export interface DatasetFile {
  path: string;
  name?: string | undefined;
  format?: DatasetCreateQuery["format"];
  columns?: string | undefined;
  header?: boolean | undefined;
}

/** The query that registers a file: columns make it a TSV. */
export function datasetQuery(kind: DatasetKind, file: DatasetFile): DatasetCreateQuery {
  const { path, name, format, columns, header } = file;
  return {
    name: name ?? nameFrom(path),
    kind,
    format: format ?? (columns === undefined ? "jsonl" : "tsv"),
    ...(columns === undefined ? {} : { columns }),
    ...(header ? { header } : {}),
  };
}
