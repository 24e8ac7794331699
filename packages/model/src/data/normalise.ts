import { Duplicates } from "./duplicates.ts";

/** What was seen of a dataset while it was read. */
export interface DatasetSummary {
  rows: number;
  /** Rows that repeat an earlier one entirely. */
  duplicates: number;
}

/**
 * Writes rows as JSON lines, one at a time, and counts them in `summary`, which is complete once all lines are taken.
 * The lines read back as the same rows.
 */
export async function* jsonLines(
  rows: AsyncIterable<object>,
  summary: DatasetSummary,
): AsyncGenerator<string> {
  const duplicates = new Duplicates();
  for await (const row of rows) {
    const json = JSON.stringify(row);
    duplicates.add(json);
    summary.duplicates = duplicates.count;
    summary.rows++;
    yield `${json}\n`;
  }
}
