import { createReadStream } from "node:fs";
import type { TaskRowOf, TaskType, Triplet } from "@espalier/contract";
import { readTaskRows, readTexts, readTriplets } from "@espalier/model/data";

/** All triplets of a file of JSON lines. */
export const triplets = (path: string): Promise<Triplet[]> => all(readTriplets(createReadStream(path)));

/** All texts of a file of JSON lines, each as a triplet whose positive is the text itself. */
export async function textsAsTriplets(path: string): Promise<Triplet[]> {
  const rows = await all(readTexts(createReadStream(path)));
  return rows.map(({ text }) => ({ query: text, positive: text, negatives: [] }));
}

/** The rows of a task, from a file of JSON lines. */
export const taskRows = <K extends TaskType>(task: K, path: string): AsyncIterable<TaskRowOf[K]> =>
  readTaskRows(task, createReadStream(path));

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const row of rows) list.push(row);
  return list;
}
