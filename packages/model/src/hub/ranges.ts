/** Bytes [from, to) of a file. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export const bytesOf = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from, 0);

/** The same bytes as sorted ranges with more than `gap` bytes between them; smaller gaps become part of a range. */
export function coalesce(ranges: readonly Range[], gap = 0): Range[] {
  const sorted = ranges.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  const result: Range[] = [];
  for (const { from, to } of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from <= last.to + gap)
      result[result.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else result.push({ from, to });
  }
  return result;
}

/** The bytes of `ranges` that are not in `others`, coalesced. */
export function subtract(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const result: Range[] = [];
  const taken = coalesce(others);
  let next = 0;
  for (const { from, to } of coalesce(ranges)) {
    let at = from;
    while (next < taken.length && taken[next]!.to <= at) next++;
    for (let i = next; i < taken.length && taken[i]!.from < to; i++) {
      if (taken[i]!.from > at) result.push({ from: at, to: taken[i]!.from });
      at = Math.max(at, taken[i]!.to);
    }
    if (at < to) result.push({ from: at, to });
  }
  return result;
}

/** The same bytes in ranges of at most `most` bytes. */
export const split = (ranges: readonly Range[], most: number): Range[] =>
  ranges.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / most) }, (_, i) => ({
      from: from + i * most,
      to: Math.min(to, from + (i + 1) * most),
    })),
  );

/** Bytes of a file that are there; grows mostly at the ends of ranges that it has. */
export class RangeSet {
  #ranges: Range[];

  constructor(ranges: readonly Range[] = []) {
    this.#ranges = coalesce(ranges);
  }

  add(from: number, to: number): void {
    const at = this.#ranges.findIndex((range) => range.to === from);
    const next = this.#ranges[at + 1];
    if (at >= 0 && (next === undefined || to < next.from))
      this.#ranges[at] = { from: this.#ranges[at]!.from, to };
    else this.#ranges = coalesce([...this.#ranges, { from, to }]);
  }

  /** What of `wanted` is not there. */
  missing(wanted: readonly Range[]): Range[] {
    return subtract(wanted, this.#ranges);
  }

  /** Sorted and apart. */
  get ranges(): readonly Range[] {
    return [...this.#ranges];
  }
}
