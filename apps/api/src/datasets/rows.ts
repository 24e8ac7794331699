import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { DatasetRows } from "@espalier/contract";

/** Longest answer, in characters: rows may be as long as a book. */
const most = 1_000_000;

/** The first rows of stored JSON lines. No more is read than is given. */
export async function firstRows(stored: Readable, limit = 20): Promise<DatasetRows> {
  const items: DatasetRows["items"] = [];
  let length = 0;
  try {
    for await (const line of createInterface({ input: stored, crlfDelay: Infinity })) {
      length += line.length;
      if (items.length >= limit || (length > most && items.length > 0)) return { items, more: true };
      items.push(JSON.parse(line) as DatasetRows["items"][number]);
    }
    return { items, more: false };
  } finally {
    stored.destroy();
  }
}
