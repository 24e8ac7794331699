/** Code points as sorted ranges [first, last] that neither touch nor overlap. */
export type CodePointSet = readonly (readonly [first: number, last: number])[];

const lastCodePoint = 0x10ffff;

export const everyCodePoint: CodePointSet = [[0, lastCodePoint]];

export function union(...sets: readonly CodePointSet[]): CodePointSet {
  const joined: [number, number][] = [];
  for (const [first, last] of sets.flat().sort(([a], [b]) => a - b)) {
    const before = joined.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

export function complement(set: CodePointSet): CodePointSet {
  const outside: [number, number][] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) outside.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= lastCodePoint) outside.push([next, lastCodePoint]);
  return outside;
}

export const intersection = (a: CodePointSet, b: CodePointSet): CodePointSet =>
  complement(union(complement(a), complement(b)));

export const setOf = (text: string): CodePointSet =>
  union(
    ...Array.from(text, (character): CodePointSet => [
      [character.codePointAt(0)!, character.codePointAt(0)!],
    ]),
  );

/** Whether the set contains a code point, by binary search. A `CodePointTable` is faster for many look-ups. */
export function has(set: CodePointSet, point: number): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [first, last] = set[middle]!;
    if (point < first) high = middle - 1;
    else if (point > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** The set as the inside of a character class of a RegExp with the flag `u`. */
export const classOf = (set: CodePointSet): string =>
  set.map(([first, last]) => `\\u{${first.toString(16)}}-\\u{${last.toString(16)}}`).join("");
