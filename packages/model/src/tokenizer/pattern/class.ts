import { complement, intersection, setOf, union, type CodePointSet } from "../unicode/code-point-set.ts";
import { alphabetic, generalCategory, onigurumaWord, whiteSpace } from "../unicode/properties.ts";
import { foldCase } from "./case-folding.ts";
import { escapedSet, hexDigits } from "./escape.ts";
import type { Cursor } from "./cursor.ts";
import { PatternError } from "./syntax.ts";

const deepest = 32;

/** POSIX brackets, with Oniguruma's Unicode meaning. */
const brackets: Readonly<Record<string, () => CodePointSet>> = {
  alpha: alphabetic,
  digit: () => generalCategory("Nd")!,
  alnum: () => union(alphabetic(), generalCategory("Nd")!),
  space: () => whiteSpace,
  punct: () => union(generalCategory("P")!, generalCategory("S")!),
  word: onigurumaWord,
  xdigit: () => hexDigits,
};

/** Reads the character class at the cursor, which it moves past. */
export function parseClass(cursor: Cursor, fold: boolean, depth = 0): CodePointSet {
  const { pattern } = cursor;
  const start = cursor.at++;
  if (depth > deepest) throw new PatternError(`classes nested deeper than ${deepest}`, start);
  const negative = pattern[cursor.at] === "^";
  if (negative) cursor.at++;
  const first = cursor.at;
  let members: CodePointSet[] = [];
  /** The set before `&&`. */
  let left: CodePointSet | undefined;

  const close = (): CodePointSet => {
    if (members.length === 0) throw new PatternError("an empty class", start);
    const right = union(...members);
    return left === undefined ? right : intersection(left, right);
  };
  for (;;) {
    if (cursor.at >= pattern.length) throw new PatternError("a class is not closed", start);
    if (pattern[cursor.at] === "]" && cursor.at > first) break;
    if (pattern.startsWith("&&", cursor.at)) {
      left = close();
      members = [];
      cursor.at += 2;
      continue;
    }
    if (pattern[cursor.at] === "[") {
      members.push(bracket(cursor) ?? parseClass(cursor, fold, depth + 1));
      continue;
    }
    members.push(member(cursor, fold, first));
  }
  const set = close();
  cursor.at++;
  return negative ? complement(set) : set;
}

function bracket(cursor: Cursor): CodePointSet | undefined {
  if (!cursor.pattern.startsWith("[:", cursor.at)) return undefined;
  const found = /^\[:(\^?)(\w+):\]/.exec(cursor.pattern.slice(cursor.at, cursor.at + 20));
  if (found === null) throw new PatternError("a bracket without a name", cursor.at);
  if (!Object.hasOwn(brackets, found[2]!))
    throw new PatternError(`the bracket ${found[2]} is not supported`, cursor.at);
  cursor.at += found[0].length;
  const set = brackets[found[2]!]!();
  return found[1] === "^" ? complement(set) : set;
}

/** One character, a range of characters, or an escape that stands for a set. */
function member(cursor: Cursor, fold: boolean, first: number): CodePointSet {
  const { pattern } = cursor;
  const start = cursor.at;
  const low = single(cursor, fold);
  const isDash = pattern[start] === "-" && start > first && pattern[start + 1] !== "]";
  if (isDash) throw new PatternError('a "-" between members of a class is not supported; write "\\-"', start);
  if (pattern[cursor.at] !== "-" || pattern[cursor.at + 1] === "]" || pattern[cursor.at + 1] === undefined) {
    return fold && isOne(low) ? foldCase(low, start) : low;
  }
  const dash = cursor.at++;
  if (pattern[cursor.at] === "[" || pattern.startsWith("&&", cursor.at))
    throw new PatternError("a range without an end", dash);
  const high = single(cursor, fold);
  if (!isOne(low) || !isOne(high)) throw new PatternError("a range from or to more than one character", dash);
  const [from, to] = [low[0]![0], high[0]![0]];
  if (to < from) throw new PatternError("a range ends before it starts", dash);
  const range: CodePointSet = [[from, to]];
  return fold ? foldCase(range, start) : range;
}

/** A character, not folded yet, or an escape. */
function single(cursor: Cursor, fold: boolean): CodePointSet {
  if (cursor.pattern[cursor.at] === "\\") {
    const letter = cursor.pattern[cursor.at + 1];
    if (letter === "b") throw new PatternError("\\b in a class is not supported", cursor.at);
    return escapedSet(cursor, fold && (letter === "p" || letter === "P"));
  }
  const character = String.fromCodePoint(cursor.pattern.codePointAt(cursor.at)!);
  cursor.at += character.length;
  return setOf(character);
}

const isOne = (set: CodePointSet): boolean => set.length === 1 && set[0]![0] === set[0]![1];
