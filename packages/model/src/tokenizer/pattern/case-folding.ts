import { union, type CodePointSet } from "../unicode/code-point-set.ts";
import { PatternError } from "./syntax.ts";

/** Letters beyond ASCII that fold to one of ASCII: LONG S and KELVIN SIGN. */
const folding: readonly (readonly [letter: string, other: number])[] = [
  ["s", 0x17f],
  ["k", 0x212a],
];

/**
 * The set without regard to case. Letters of ASCII alone may be in it: those of other scripts fold in ways that are not
 * supported here.
 * @throws {PatternError}
 */
export function foldCase(set: CodePointSet, position: number): CodePointSet {
  const folded: [number, number][] = [];
  for (const [first, last] of set) {
    if (last - first > 0x3000)
      throw new PatternError("a large set without regard to case is not supported", position);
    for (let point = first; point <= last; point++) {
      const character = String.fromCodePoint(point);
      const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
      if (lower === upper) continue;
      if (point > 0x7f)
        throw new PatternError(`"${character}" without regard to case is not supported`, position);
      for (const other of [lower, upper]) folded.push([other.charCodeAt(0), other.charCodeAt(0)]);
      for (const [letter, other] of folding) if (letter === lower) folded.push([other, other]);
    }
  }
  return union(set, folded);
}

/** Whether two letters in a row also stand for a ligature or a sharp s, as Oniguruma would have it. */
export function foldsWith(first: string, second: string): boolean {
  return ["ss", "st", "ff", "fi", "fl"].includes((first + second).toLowerCase());
}
