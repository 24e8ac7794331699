import { classOf, setOf } from "./unicode/code-point-set.ts";
import { smallLetters } from "./unicode/small-letters.ts";

const beyondAscii = /[\u0080-\uffff]/;

let capitals: RegExp | undefined;

/**
 * The lower case of every character by itself: a capital sigma at the end of a word becomes the same small letter as any
 * other capital sigma. The letters come from our own table and not from `toLowerCase`: Node 20.19.0 has Unicode 16, and
 * leaves 28 capitals unchanged that the `tokenizers` library knows.
 */
export function lowercase(text: string): string {
  if (!beyondAscii.test(text)) return text.toLowerCase();
  capitals ??= new RegExp(`[A-Z]+|[${classOf(setOf([...smallLetters().keys()].join("")))}]`, "gu");
  // What is not in the table is a run of letters of ASCII.
  return text.replace(capitals, (found) => smallLetters().get(found) ?? found.toLowerCase());
}
