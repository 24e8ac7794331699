/**
 * Groups texts of like length, so that little of a chunk is padding. Longest first, so that a chunk that does not fit in
 * memory fails at once and not at the end.
 * @param lengths tokens of each text
 * @param budget most tokens in a chunk, padding included; a longer text is a chunk of its own
 * @param kindOf texts whose lengths are of different kinds do not share a chunk
 * @returns indices into `lengths`, each once
 */
export function groupIntoChunks(
  lengths: readonly number[],
  budget: number,
  kindOf: (length: number) => number = () => 0,
): number[][] {
  const order = lengths.map((_, index) => index).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const chunks: number[][] = [];
  for (let at = 0; at < order.length;) {
    const width = Math.max(1, lengths[order[at]!]!);
    const rows = Math.max(1, Math.floor(budget / width));
    const kind = kindOf(width);
    let end = at + 1;
    while (end < order.length && end - at < rows && kindOf(lengths[order[end]!]!) === kind) end++;
    chunks.push(order.slice(at, end));
    at = end;
  }
  return chunks;
}
