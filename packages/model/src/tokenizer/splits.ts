import type { Finder } from "./finder.ts";

/** What becomes of the matches that a text is split at. */
export type Behavior = (typeof behaviors)[number];
export const behaviors = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

/** Pushes the pieces of a text in order. No piece is empty. */
export type Splitter = (text: string, pieces: string[]) => void;

/** Splits a text at the matches of `find`, or with `invert` at everything between them. */
export function splitter(find: Finder, behavior: Behavior, invert = false): Splitter {
  const merge = merging[behavior];
  return (text, pieces) => {
    const bounds: number[] = [];
    const delimiters: boolean[] = [];
    const matches = find(text);
    let rest = 0;
    for (let i = 0; i < matches.length; i += 2) {
      const [start, end] = [matches[i]!, matches[i + 1]!];
      if (rest < start) {
        bounds.push(rest, start);
        delimiters.push(invert);
      }
      bounds.push(start, end);
      delimiters.push(!invert);
      rest = end;
    }
    if (rest < text.length) {
      bounds.push(rest, text.length);
      delimiters.push(invert);
    }
    const merged = merge(bounds, delimiters);
    for (let i = 0; i < merged.length; i += 2)
      if (merged[i]! < merged[i + 1]!) pieces.push(text.slice(merged[i], merged[i + 1]));
  };
}

type Merge = (bounds: number[], delimiters: readonly boolean[]) => number[];

const merging: Record<Behavior, Merge> = {
  Isolated: (bounds) => bounds,
  Removed: (bounds, delimiters) => bounds.filter((_, i) => !delimiters[i >> 1]),
  Contiguous: (bounds, delimiters) => join(bounds, (i) => i > 0 && delimiters[i] === delimiters[i - 1]),
  MergedWithPrevious: (bounds, delimiters) =>
    join(bounds, (i) => i > 0 && delimiters[i]! && !delimiters[i - 1]!),
  MergedWithNext: (bounds, delimiters) => join(bounds, (i) => i > 0 && delimiters[i - 1]! && !delimiters[i]!),
};

/** Pairs of bounds, where each pair that `toPrevious` accepts is joined to the pair before it. */
function join(bounds: readonly number[], toPrevious: (pair: number) => boolean): number[] {
  const joined: number[] = [];
  for (let i = 0; i < bounds.length; i += 2) {
    if (toPrevious(i >> 1)) joined[joined.length - 1] = bounds[i + 1]!;
    else joined.push(bounds[i]!, bounds[i + 1]!);
  }
  return joined;
}
