import type { DatasetCreateQuery, DatasetKind } from "@espalier/contract";
import { nameOf } from "../service/model-folder.ts";

/** A file that is to become a dataset, and how it is read. */
export interface DatasetFile {
  path: string;
  name?: string | undefined;
  format?: DatasetCreateQuery["format"];
  columns?: string | undefined;
  header?: boolean | undefined;
  replace?: boolean | undefined;
}

/** The query that registers a file. The service sees what it looks like; only a text file could be taken for a table. */
export function datasetQuery(kind: DatasetKind, file: DatasetFile): DatasetCreateQuery {
  const { path, name, columns, header, replace } = file;
  const bare = kind === "texts" && columns === undefined && path.toLowerCase().endsWith(".txt");
  const format = file.format ?? (bare ? "lines" : undefined);
  return {
    name: name ?? nameOf(path),
    kind,
    ...(format === undefined ? {} : { format }),
    ...(columns === undefined ? {} : { columns }),
    ...(header ? { header } : {}),
    ...(replace ? { replace } : {}),
  };
}
