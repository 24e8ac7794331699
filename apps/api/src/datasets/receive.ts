import type { Readable } from "node:stream";
import { isProblem, newId, type Dataset, type DatasetCreateQuery } from "@espalier/contract";
import { jsonLines, readDataset, Reading } from "@espalier/model/data";
import { locations, type NewDataset, type Room, type Store } from "@espalier/store";

interface Submission {
  query: DatasetCreateQuery;
  body: Readable;
  /** Of a body that is unpacked. */
  maxBytes: number;
  /** Of what is stored. */
  room: Room;
  /** Registers what was stored, or gives the dataset that was registered in its place. */
  register: (dataset: Omit<NewDataset, "teamId">) => Promise<Dataset>;
}

/** Checks, normalises and stores a dataset as it arrives. After a refusal nothing of it remains. */
export async function receive(
  store: Pick<Store, "bytes">,
  { query, body, maxBytes, room, register }: Submission,
): Promise<Dataset> {
  const id = newId("dataset");
  const summary = { rows: 0, duplicates: 0 };
  const location = locations.dataset(id, "rows.jsonl");
  const { name, kind, format, columns, header, replace = false, skipErrors = false } = query;
  const reading = new Reading({ collects: true, skips: skipErrors });
  const rows = readDataset(kind, body, { format, columns, header, maxBytes, reading });
  const lines = jsonLines(rows, summary);
  try {
    const stored = await store.bytes.put(location, encoded(lines, room));
    const dataset = await register({
      id,
      name,
      kind,
      replace,
      rows: summary.rows,
      stored,
      errors: reading.errors,
      reading: {
        duplicates: summary.duplicates,
        blankLines: reading.blankLines,
        ...(reading.errorCount > 0 && { errors: reading.errorCount }),
        ignored: [...reading.ignored].map(([name, rows]) => ({ name, rows })),
      },
    });
    if (dataset.id !== id) await store.bytes.remove(location);
    return dataset;
  } catch (error) {
    // When the connection breaks, the transaction may have been committed; then the bytes are in use.
    if (!(isProblem(error) && error.code === "service/unavailable")) await store.bytes.remove(location);
    throw error;
  }
}

/** The lines as bytes, in pieces of about 64 KiB. Fails where they are more than the team has room for. */
async function* encoded(
  lines: AsyncIterable<string>,
  { bytes: left, refusal }: Room,
): AsyncGenerator<Uint8Array> {
  let piece = "";
  let seen = 0;
  const take = (): Buffer => {
    const bytes = Buffer.from(piece);
    piece = "";
    seen += bytes.byteLength;
    if (refusal && seen > left) throw refusal;
    return bytes;
  };
  for await (const line of lines) {
    piece += line;
    if (piece.length >= 65_536) yield take();
  }
  if (piece !== "") yield take();
}
