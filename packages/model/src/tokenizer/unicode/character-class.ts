import { CodePointTable } from "./code-point-table.ts";
import { numeric, punctuation, rustWord, whiteSpace } from "./properties.ts";

/** Bits of {@link classOfCharacter}. */
export const isWhitespace = 1;
export const isPunctuation = 2;
export const isNumeric = 4;
export const isWord = 8;

let table: CodePointTable | undefined;

/** The classes of a character for the pre-tokenizers that use no pattern. */
export function classOfCharacter(point: number): number {
  table ??= new CodePointTable([whiteSpace, punctuation(), numeric(), rustWord()]);
  return table.of(point);
}
