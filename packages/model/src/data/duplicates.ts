import { createHash } from "node:crypto";

/** Counts what repeats. It keeps 48 bits of each hash: a false one among a million has a chance of one in 500. */
export class Duplicates {
  readonly #seen = new Set<number>();
  count = 0;

  add(text: string): void {
    const hash = createHash("sha256").update(text).digest().readUIntBE(0, 6);
    if (this.#seen.has(hash)) this.count++;
    else this.#seen.add(hash);
  }
}

/**
 * What to say of triplets that repeat a query with its positive: where two of them meet in a batch, each counts as a negative of
 * the other. Undefined where there are none.
 */
export function duplicatesWarning(
  triplets: readonly { readonly query: string; readonly positive: string }[],
): string | undefined {
  const duplicates = new Duplicates();
  for (const { query, positive } of triplets) duplicates.add(JSON.stringify([query, positive]));
  const { count } = duplicates;
  if (count === 0) return undefined;
  return `${count} of ${triplets.length} rows repeat the texts of an earlier one; in a batch they are negatives of each other. Remove them.`;
}
