import { lowercase } from "../lowercase.ts";
import { complement, setOf, type CodePointSet } from "../unicode/code-point-set.ts";
import { alphabetic, generalCategory, onigurumaWord, script, whiteSpace } from "../unicode/properties.ts";
import { foldCase } from "./case-folding.ts";
import type { Cursor } from "./cursor.ts";
import { PatternError } from "./syntax.ts";

export const hexDigits: CodePointSet = setOf("0123456789abcdefABCDEF");

const controls: Readonly<Record<string, string>> = {
  t: "\t",
  n: "\n",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\u0007",
  e: "\u001b",
};

const classes: Readonly<Record<string, () => CodePointSet>> = {
  d: () => generalCategory("Nd")!,
  s: () => whiteSpace,
  w: onigurumaWord,
  h: () => hexDigits,
};

/** The code points that the escape at the cursor stands for, which it moves past. */
export function escapedSet(cursor: Cursor, fold: boolean): CodePointSet {
  const start = cursor.at;
  const { pattern } = cursor;
  const point = pattern.codePointAt(start + 1);
  if (point === undefined) throw new PatternError("the pattern ends with a backslash", start);
  const letter = String.fromCodePoint(point);
  cursor.at += 1 + letter.length;

  const small = lowercase(letter);
  const kind = Object.hasOwn(classes, small) ? classes[small] : undefined;
  if (kind !== undefined) return letter === small ? kind() : complement(kind());
  if (letter === "p" || letter === "P") return property(cursor, letter === "P", fold, start);
  const literal = (text: string): CodePointSet => (fold ? foldCase(setOf(text), start) : setOf(text));
  if (Object.hasOwn(controls, letter)) return setOf(controls[letter]!);
  if (letter === "x" || letter === "u") {
    const digits = /^\\(?:x\{([0-9a-fA-F]{1,8})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))/.exec(
      pattern.slice(start, start + 12),
    );
    const code = Number.parseInt(digits?.[1] ?? digits?.[2] ?? digits?.[3] ?? "", 16);
    if (digits === null || !(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff))
      throw new PatternError("a bad code point", start);
    // In Oniguruma, two digits are a byte of UTF-8, which is a character only within ASCII.
    if (digits[2] !== undefined && code > 0x7f)
      throw new PatternError("a byte of a character is not supported", start);
    cursor.at = start + digits[0].length;
    return literal(String.fromCodePoint(code));
  }
  if (/[0-9A-Za-z]/.test(letter)) throw new PatternError(`\\${letter} is not supported`, start);
  return literal(letter);
}

/** `\p{L}`, `\p{^L}`, `\P{L}`: general categories, some scripts, Alphabetic. */
function property(cursor: Cursor, negative: boolean, fold: boolean, start: number): CodePointSet {
  const name = /^\{(\^?)([A-Za-z_ ]+)\}/.exec(cursor.pattern.slice(cursor.at, cursor.at + 64));
  if (name === null) throw new PatternError("a property without a name", start);
  cursor.at += name[0].length;
  const set = named(name[2]!);
  if (set === undefined) throw new PatternError(`the property ${name[2]} is not supported`, start);
  if (fold && /^L[ult]$/.test(name[2]!))
    throw new PatternError("letters of one case without regard to case are not supported", start);
  return negative !== (name[1] === "^") ? complement(set) : set;
}

/** The long names of some general categories. */
const longNames: Readonly<Record<string, string>> = {
  Letter: "L",
  Uppercase_Letter: "Lu",
  Lowercase_Letter: "Ll",
  Mark: "M",
  Number: "N",
  Decimal_Number: "Nd",
  Punctuation: "P",
  Symbol: "S",
  Separator: "Z",
  Other: "C",
};

function named(name: string): CodePointSet | undefined {
  if (name === "Alphabetic") return alphabetic();
  if (name === "Any") return complement([]);
  return generalCategory(Object.hasOwn(longNames, name) ? longNames[name]! : name) ?? script(name);
}
