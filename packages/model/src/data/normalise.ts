import { createHash } from "node:crypto";

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
  const seen = new Set<number>();
  for await (const row of rows) {
    const json = JSON.stringify(row);
    // 48 bits of the hash: a false duplicate among a million rows has a chance of one in 500.
    const hash = createHash("sha256").update(json).digest().readUIntBE(0, 6);
    if (seen.has(hash)) summary.duplicates++;
    else seen.add(hash);
    summary.rows++;
    yield `${json}\n`;
  }
}
