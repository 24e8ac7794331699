import { malformed, type Part } from "./part.ts";
import { Pattern, TooManySteps } from "./pattern/pattern.ts";
import { PatternError } from "./pattern/syntax.ts";

/** Finds all matches in a text: start, end, start, end …, from left to right without overlaps. */
export type Finder = (text: string) => readonly number[];

/**
 * Reads a `pattern`: `{ "String": … }` to be found as it stands, or `{ "Regex": … }` of Oniguruma.
 * @param options.mayBeEmpty whether a pattern that also matches the empty text is accepted
 */
export function readFinder(part: Part, options: { readonly mayBeEmpty: boolean }): Finder {
  const pattern = part.part("pattern");
  const string = pattern.optionalString("String");
  if (string !== undefined) {
    if (string === "") pattern.refuse("is empty");
    return (text) => occurrences(text, string);
  }
  const source = pattern.string("Regex");
  let matcher: Pattern;
  try {
    matcher = new Pattern(source);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    const { message, position } = error;
    return pattern.refuse(
      `cannot be used: ${message} (character ${position} of ${JSON.stringify(source.slice(0, 200))})`,
    );
  }
  if (matcher.mayBeEmpty && !options.mayBeEmpty)
    pattern.refuse("matches nothing at all, too, which is not supported here");
  return (text) => {
    try {
      return matcher.matches(text);
    } catch (error) {
      if (!(error instanceof TooManySteps)) throw error;
      throw malformed(`${pattern.place} takes too long on a text of ${text.length} characters`);
    }
  };
}

function occurrences(text: string, string: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(string); at >= 0; at = text.indexOf(string, at + string.length))
    found.push(at, at + string.length);
  return found;
}
