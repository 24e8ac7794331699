import { lowercase } from "../lowercase.ts";
import { intersection, union, type CodePointSet } from "../unicode/code-point-set.ts";
import { cased } from "../unicode/properties.ts";
import { PatternError } from "./syntax.ts";

/** The letters beyond ASCII that are equal to a letter of ASCII without regard to case: LONG S and KELVIN SIGN. */
const folding: readonly (readonly [letter: string, other: number])[] = [
  ["s", 0x17f],
  ["k", 0x212a],
];

/** What a capital letter of ASCII and its small letter differ in. */
const caseBit = 0x20;

/**
 * The set without regard to case. Of the letters that have another case, it may hold only those of ASCII: the rules for
 * other letters are not supported.
 * @throws {PatternError}
 */
export function foldCase(set: CodePointSet, position: number): CodePointSet {
  const folded: [number, number][] = [];
  for (const [first, last] of set) {
    if (last - first > 0x3000)
      throw new PatternError("a large set without regard to case is not supported", position);
    for (const [from, to] of intersection([[first, last]], cased())) {
      for (let point = from; point <= to; point++) {
        if (point > 0x7f) {
          const letter = String.fromCodePoint(point);
          throw new PatternError(`"${letter}" without regard to case is not supported`, position);
        }
        const [capital, small] = [point & ~caseBit, point | caseBit];
        folded.push([capital, capital], [small, small]);
        for (const [letter, other] of folding)
          if (letter.charCodeAt(0) === small) folded.push([other, other]);
      }
    }
  }
  return union(set, folded);
}

/** Whether two letters in a row also match a ligature or a sharp s in Oniguruma. */
export function foldsWith(first: string, second: string): boolean {
  return ["ss", "st", "ff", "fi", "fl"].includes(lowercase(first + second));
}
