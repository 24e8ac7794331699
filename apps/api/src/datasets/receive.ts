import type { Readable } from "node:stream";
import { newId, type Dataset, type DatasetCreateQuery } from "@espalier/contract";
import { jsonLines, readRows } from "@espalier/model/data";
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
  const lines = jsonLines(readRows(query, body), summary);
  try {
    const stored = await store.bytes.put(location, encoded(lines));
    const { name, kind } = query;
    return await store.datasets.register({ id, teamId, name, kind, rows: summary.rows, stored });
  } catch (error) {
    await store.bytes.remove(location);
    throw error;
  }
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
