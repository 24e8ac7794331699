import { createReadStream } from "node:fs";
import type { StsPair, Triplet } from "@espalier/contract";
import { readStsPairs, readTriplets } from "@espalier/encoder/data";

/** All triplets of a file of JSON lines. */
export const triplets = (path: string): Promise<Triplet[]> => all(readTriplets(createReadStream(path)));

/** All graded pairs of a file of JSON lines. */
export const stsPairs = (path: string): Promise<StsPair[]> => all(readStsPairs(createReadStream(path)));

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
