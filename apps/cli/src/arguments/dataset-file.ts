import {
  datasetFormats,
  datasetKinds,
  type DatasetCreateQuery,
  type DatasetFormat,
  type DatasetKind,
} from "@espalier/contract";
import { UsageError } from "../command.ts";
import { nameOf } from "../service/model-folder.ts";

/** Options that say how a file of rows is read. */
export const datasetFileOptions = {
  format: { type: "string" },
  columns: { type: "string" },
  header: { type: "boolean" },
} as const;

export const datasetFileHelp = [
  "--format F          jsonl, json (an array), csv, tsv (no quotes), parquet or lines (one text a line);",
  "                    default: what the file looks like, perhaps compressed by gzip",
  "--columns LIST      which fields or columns mean what: by name, such as query=question,positive=answer;",
  "                    or by position, such as score=5,sentence1=6,sentence2=7",
  "--header            with positions: the first line is a header",
] as const;

export function parseDatasetKind(text: string | undefined): DatasetKind {
  const kind = datasetKinds.find((each) => each === text);
  if (kind === undefined)
    throw new UsageError(
      `--kind must be one of ${datasetKinds.join(", ")}${text === undefined ? "" : `, not \`${text}\``}`,
    );
  return kind;
}

export function parseDatasetFormat(text: string | undefined): DatasetFormat | undefined {
  const known = datasetFormats.find((each) => each === text);
  if (text !== undefined && known === undefined)
    throw new UsageError(`--format must be one of ${datasetFormats.join(", ")}, not \`${text}\``);
  return known;
}

/** A file that is to become a dataset, and how it is read. */
export interface DatasetFile {
  path: string;
  name?: string | undefined;
  format?: DatasetCreateQuery["format"];
  columns?: string | undefined;
  header?: boolean | undefined;
  /** Of a folder: of which judgements retrieval is measured. */
  split?: string | undefined;
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
