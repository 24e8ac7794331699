import { complement, setOf, union, type CodePointSet } from "../unicode/code-point-set.ts";
import { parseClass } from "./class.ts";
import { foldCase, foldsWith } from "./case-folding.ts";
import type { Cursor } from "./cursor.ts";
import { escapedSet } from "./escape.ts";
import { PatternError, type Edge, type Expression } from "./syntax.ts";

const deepest = 32;

const edges: Readonly<Record<string, Edge>> = {
  "\\A": "text-start",
  "\\z": "text-end",
  "\\Z": "before-last-newline",
};

const notNewline = complement(setOf("\n"));
const empty: Expression = { kind: "sequence", items: [] };

/**
 * Reads a pattern in the syntax of Oniguruma, as `tokenizers` compiles it. It refuses what may have another meaning in
 * Oniguruma, and what cannot be matched in bounded time (back-references, calls, look-behind of more than one character).
 * @throws {PatternError}
 */
export function parsePattern(pattern: string): Expression {
  const cursor: Cursor = { pattern, at: 0 };
  const expression = choice(cursor, false, 0);
  if (cursor.at < pattern.length) throw new PatternError("a group is closed that was not opened", cursor.at);
  return expression;
}

/** Reads alternatives up to the end of the group or of the pattern. */
function choice(cursor: Cursor, ignoreCase: boolean, depth: number): Expression {
  if (depth > deepest) throw new PatternError(`groups nested deeper than ${deepest}`, cursor.at);
  let fold = ignoreCase;
  if (taken(cursor, "(?i)")) fold = true;
  const options = [sequence(cursor, fold, depth)];
  while (taken(cursor, "|")) options.push(sequence(cursor, fold, depth));
  return options.length === 1 ? options[0]! : { kind: "choice", options };
}

function sequence(cursor: Cursor, fold: boolean, depth: number): Expression {
  const items: Expression[] = [];
  let literal = "";
  while (cursor.at < cursor.pattern.length && !"|)".includes(cursor.pattern[cursor.at]!)) {
    const start = cursor.at;
    const item = atom(cursor, fold, depth);
    const single = fold && item.kind === "set" ? cursor.pattern.slice(start, cursor.at) : "";
    if (foldsWith(literal, single))
      throw new PatternError(`"${literal}${single}" without regard to case is not supported`, start);
    literal = single;
    items.push(quantified(cursor, item));
  }
  return items.length === 1 ? items[0]! : { kind: "sequence", items };
}

function taken(cursor: Cursor, text: string): boolean {
  if (!cursor.pattern.startsWith(text, cursor.at)) return false;
  cursor.at += text.length;
  return true;
}

function character({ pattern, at }: Cursor): string {
  const point = pattern.codePointAt(at);
  if (point === undefined) throw new PatternError("the pattern ends early", at);
  return String.fromCodePoint(point);
}

function atom(cursor: Cursor, fold: boolean, depth: number): Expression {
  const start = cursor.at;
  const first = character(cursor);
  switch (first) {
    case "(":
      return group(cursor, fold, depth);
    case "[":
      return { kind: "set", set: parseClass(cursor, fold) };
    case ".":
      cursor.at++;
      return { kind: "set", set: notNewline };
    case "^":
      cursor.at++;
      return { kind: "edge", edge: "line-start" };
    case "$":
      cursor.at++;
      return { kind: "edge", edge: "line-end" };
    case "*":
    case "+":
    case "?":
      throw new PatternError("there is nothing to repeat", start);
    case "\\": {
      const edge = edges[cursor.pattern.slice(start, start + 2)];
      if (edge === undefined) return { kind: "set", set: escapedSet(cursor, fold) };
      cursor.at += 2;
      return { kind: "edge", edge };
    }
    default: {
      cursor.at += first.length;
      const set = setOf(first);
      return { kind: "set", set: fold ? foldCase(set, start) : set };
    }
  }
}

function group(cursor: Cursor, fold: boolean, depth: number): Expression {
  const start = cursor.at;
  const inside = (ignoreCase: boolean): Expression => {
    const expression = choice(cursor, ignoreCase, depth + 1);
    if (!taken(cursor, ")")) throw new PatternError("a group is not closed", start);
    return expression;
  };
  if (taken(cursor, "(?:")) return inside(fold);
  if (taken(cursor, "(?i:")) return inside(true);
  if (taken(cursor, "(?-i:")) return inside(false);
  if (taken(cursor, "(?>")) return { kind: "atomic", item: inside(fold) };
  if (taken(cursor, "(?=")) return { kind: "ahead", item: inside(fold), negative: false };
  if (taken(cursor, "(?!")) return { kind: "ahead", item: inside(fold), negative: true };
  if (taken(cursor, "(?<=")) return behind(inside(fold), false, start);
  if (taken(cursor, "(?<!")) return behind(inside(fold), true, start);
  const name = /^\(\?<[A-Za-z_]\w*>/.exec(cursor.pattern.slice(start, start + 64))?.[0];
  if (name !== undefined) cursor.at += name.length;
  else if (cursor.pattern[start + 1] === "?" || cursor.pattern[start + 1] === "*")
    throw new PatternError("this kind of group is not supported", start);
  else cursor.at++;
  return inside(fold);
}

/** Look-behind of one character, which may be spelled as a class or as alternatives. */
function behind(item: Expression, negative: boolean, at: number): Expression {
  const set = oneOf(item);
  if (set === undefined)
    throw new PatternError("look-behind of other than one character is not supported", at);
  return { kind: "behind", set, negative };
}

function oneOf(item: Expression): CodePointSet | undefined {
  if (item.kind === "set") return item.set;
  if (item.kind !== "choice") return undefined;
  const sets = item.options.map(oneOf);
  return sets.every((set) => set !== undefined) ? union(...sets) : undefined;
}

/** `{2}`, `{2,}`, `{2,3}` and `{,3}`. Any other brace is a character like others. */
const interval = /\{(?:(\d{1,6})(,(\d{1,6})?)?|,(\d{1,6}))\}/y;

function quantified(cursor: Cursor, item: Expression): Expression {
  let repeated = item;
  for (;;) {
    const start = cursor.at;
    let least: number;
    let most: number;
    interval.lastIndex = start;
    const found = interval.exec(cursor.pattern);
    if (found !== null) {
      cursor.at += found[0].length;
      const [, from, comma, to, upTo] = found;
      least = Number(from ?? 0);
      most = Number(upTo ?? to ?? (comma === undefined ? from : Number.POSITIVE_INFINITY));
      if (most < least) throw new PatternError("an interval ends before it starts", start);
      if (cursor.pattern[cursor.at] === "?" && comma === undefined && upTo === undefined)
        throw new PatternError("`{n}?` is not supported", start);
    } else {
      const sign = cursor.pattern[start];
      if (sign !== "*" && sign !== "+" && sign !== "?") return repeated;
      cursor.at++;
      least = sign === "+" ? 1 : 0;
      most = sign === "?" ? 1 : Number.POSITIVE_INFINITY;
    }
    if (canBeAssertion(repeated)) throw new PatternError("what has no width cannot be repeated", start);
    // A plus after an interval repeats the interval. Only after `*`, `+` or `?` it makes the repetition possessive.
    const possessive = found === null && taken(cursor, "+");
    const lazy = !possessive && taken(cursor, "?");
    const mode = possessive ? "possessive" : lazy ? "lazy" : "greedy";
    repeated = most === 0 ? empty : { kind: "repeat", item: repeated, least, most, mode };
  }
}

/** Whether the expression, or one of its alternatives, has no width. */
function canBeAssertion(node: Expression): boolean {
  switch (node.kind) {
    case "edge":
    case "ahead":
    case "behind":
      return true;
    case "sequence":
      return node.items.length > 0 && node.items.every(canBeAssertion);
    case "choice":
      return node.options.some(canBeAssertion);
    case "atomic":
      return canBeAssertion(node.item);
    case "set":
    case "repeat":
      return false;
  }
}
