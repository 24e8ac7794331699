import { existsSync } from "node:fs";
import type { DatasetFile } from "./dataset-file.ts";

/**
 * A dataset on the command line: `FILE`, `FILE:COLUMNS` for what its fields or columns mean, `FILE:header,COLUMNS` for a table
 * with a header line, each with `NAME=` before it; such as `stsb=sts-test.csv:score=5,sentence1=6,sentence2=7`.
 */
export function parseDatasetArgument(text: string, path: (given: string) => string): DatasetFile {
  if (existsSync(path(text))) return { path: path(text) };
  const [, name, rest = text] = /^([\p{L}\p{M}\p{N}._-]+)=(.+)$/u.exec(text) ?? [];
  const [, file, header, columns] =
    /^(.+?):(header,)?([a-z0-9]+=[^,=:]+(?:,[a-z0-9]+=[^,=:]+)*)$/.exec(rest) ?? [];
  return {
    path: path(file ?? rest),
    ...(name === undefined ? {} : { name }),
    ...(columns === undefined ? {} : { columns, header: header !== undefined }),
  };
}
