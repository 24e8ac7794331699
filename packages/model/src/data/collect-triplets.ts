import { Problem, type Triplet } from "@espalier/contract";

/** A training example in plain fields; the texts are not empty. Batches never mix tasks. */
export interface TripletRow {
  readonly query: string;
  readonly positive: string;
  readonly negatives?: readonly string[] | undefined;
  /** Given to the model before the query. */
  readonly instruction?: string | undefined;
  readonly task?: string | undefined;
}

/**
 * All triplets of a list or of a stream, such as that of `readTriplets`.
 * @throws {Problem} `dataset/malformed` for one without its texts; its field is a pointer such as `/3/positive`
 */
export async function collectTriplets(
  rows: Iterable<TripletRow> | AsyncIterable<TripletRow>,
): Promise<Triplet[]> {
  const triplets: Triplet[] = [];
  for await (const { query, positive, negatives = [], instruction, task } of rows) {
    const at = `/${triplets.length}`;
    checkText(query, `${at}/query`);
    checkText(positive, `${at}/positive`);
    if (!Array.isArray(negatives)) refuse(`${at}/negatives`, "is not a list");
    for (const [i, negative] of negatives.entries()) checkText(negative, `${at}/negatives/${i}`);
    triplets.push({
      query,
      positive,
      negatives: [...negatives],
      ...(instruction !== undefined && { instruction }),
      ...(task !== undefined && { task }),
    });
  }
  return triplets;
}

function checkText(value: unknown, field: string): void {
  if (typeof value !== "string") refuse(field, value === undefined ? "is missing" : "is not a string");
  else if (value.trim() === "") refuse(field, "is empty");
}

function refuse(field: string, what: string): never {
  throw new Problem("dataset/malformed", `triplet ${field} ${what}`, { field });
}
