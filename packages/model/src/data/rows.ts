import type { Readable } from "node:stream";
import {
  Problem,
  type DatasetCreateQuery,
  type StsPair,
  type TextRow,
  type Triplet,
} from "@espalier/contract";
import { parseStsColumns, readStsPairs, type StsFormat } from "./sts-pairs.ts";
import { readTexts } from "./texts.ts";
import { readTriplets } from "./triplets.ts";

/** What a dataset's file is and how it is written. */
type DatasetFormat = Pick<DatasetCreateQuery, "kind" | "format" | "columns" | "header">;

/**
 * The rows of a dataset's file, as the service reads one that is registered.
 * @throws {Problem} `request/invalid` for a format that the kind does not have; while rows are taken, `dataset/malformed`
 */
export function readRows(
  { kind, format = "jsonl", columns, header = false }: DatasetFormat,
  body: Readable,
): AsyncIterable<StsPair> | AsyncIterable<TextRow> | AsyncIterable<Triplet> {
  const wrong = (detail: string): never => {
    throw new Problem("request/invalid", detail, { field: "/format" });
  };
  switch (kind) {
    case "sts":
      return format === "lines"
        ? wrong("Graded pairs come as JSON lines or TAB separated.")
        : readStsPairs(body, stsFormat(format, columns, header));
    case "texts":
      return format === "tsv"
        ? wrong("Texts come as JSON lines, or one a line with format=lines.")
        : readTexts(body, format);
    case "triplets":
      return format === "jsonl"
        ? readTriplets(body)
        : wrong("Triplets come as JSON lines; only sts datasets can be TAB separated.");
  }
}

function stsFormat(format: "jsonl" | "tsv", columns: string | undefined, header: boolean): StsFormat {
  if (format === "jsonl") return { format };
  if (columns === undefined) {
    throw new Problem(
      "request/invalid",
      "A TAB separated file needs columns, such as score=5,sentence1=6,sentence2=7.",
      { field: "/columns" },
    );
  }
  return { format, columns: parseStsColumns(columns), header };
}
