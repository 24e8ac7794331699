/** The candidates that somebody may have meant who wrote `word`: those with the fewest slips, if they are few; at most three. */
export function closest(word: string, candidates: Iterable<string>): string[] {
  const most = Math.max(1, Math.floor(word.length / 3));
  const rated = [...new Set(candidates)]
    .map((candidate) => ({ candidate, slips: slips(word, candidate) }))
    .filter(({ slips }) => slips <= most)
    .sort((a, b) => a.slips - b.slips || (a.candidate < b.candidate ? -1 : 1));
  return rated
    .filter(({ slips }) => slips === rated[0]!.slips)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function slips(a: string, b: string): number {
  let [last, previous] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? last[j - 2]! + 1 : Infinity;
      row.push(Math.min(previous[j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    [last, previous] = [previous, row];
  }
  return previous[b.length]!;
}

/** `did you mean a or b?`; undefined where nothing is like it. */
export function meant(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `did you mean ${names.map((name) => `\`${name}\``).join(" or ")}?`;
}
