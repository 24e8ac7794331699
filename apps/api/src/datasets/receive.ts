import type { Readable } from "node:stream";
import { newId, Problem, type Dataset, type DatasetCreateQuery } from "@espalier/contract";
import {
  jsonLines,
  parseStsColumns,
  readStsPairs,
  readTexts,
  readTriplets,
  type StsFormat,
} from "@espalier/model/data";
import { locations, type Store } from "@espalier/store";

interface Submission {
  teamId: string;
  query: DatasetCreateQuery;
  body: Readable;
}

/** Checks, normalises and stores a dataset as it arrives. After a refusal nothing of it remains. */
export async function receive(store: Store, { teamId, query, body }: Submission): Promise<Dataset> {
  const id = newId("dataset");
  const summary = { rows: 0, duplicates: 0 };
  const location = locations.dataset(id, "rows.jsonl");
  const lines = jsonLines(rowsOf(query, body), summary);
  try {
    const stored = await store.bytes.put(location, encoded(lines));
    const { name, kind } = query;
    return await store.datasets.register({ id, teamId, name, kind, rows: summary.rows, stored });
  } catch (error) {
    await store.bytes.remove(location);
    throw error;
  }
}

function rowsOf({ kind, format = "jsonl", columns, header = false }: DatasetCreateQuery, body: Readable) {
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

/** The lines as bytes, in pieces of about 64 KiB. */
async function* encoded(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let piece = "";
  for await (const line of lines) {
    piece += line;
    if (piece.length < 65_536) continue;
    yield Buffer.from(piece);
    piece = "";
  }
  if (piece !== "") yield Buffer.from(piece);
}
