import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Pattern, TooManySteps } from "./pattern.ts";
import { PatternError } from "./syntax.ts";

type Case = [pattern: string, results: [text: string, pieces: string[]][]];
const cases = JSON.parse(
  readFileSync(new URL("../goldens/patterns.json", import.meta.url), "utf8"),
) as Case[];

/** The text, cut at the ends of every match. */
function pieces(matches: readonly number[], text: string): string[] {
  const bounds = [0, ...matches, text.length];
  return bounds.slice(1).flatMap((end, i) => (end > bounds[i]! ? [text.slice(bounds[i], end)] : []));
}

function read(pattern: string): Pattern | undefined {
  try {
    return new Pattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

test("a pattern matches the same as in Oniguruma, or is refused", () => {
  let supported = 0;
  for (const [source, results] of cases) {
    const pattern = read(source);
    if (pattern === undefined) continue;
    supported++;
    for (const [text, expected] of results)
      expect([source, text, pieces(pattern.matches(text), text)]).toEqual([source, text, expected]);
  }
  expect(cases).toHaveLength(600);
  // The others repeat what may be empty, or leave case aside for letters beyond ASCII.
  expect(supported).toBeGreaterThan(420);
});

describe("refused by name", () => {
  test.each([
    ["(a", /not closed/],
    ["a)", /was not opened/],
    ["[a", /not closed/],
    ["[]", /not closed/],
    ["a{3,2}", /ends before it starts/],
    ["*a", /nothing to repeat/],
    ["(a*)*", /may be empty/],
    ["(a)\\1", /\\1 is not supported/],
    ["\\bword", /\\b is not supported/],
    ["(?<=ab)c", /look-behind of other than one character/],
    ["(?i:straße)", /"st" without regard to case/],
    ["(?i:é)", /without regard to case/],
    ["\\p{Klingon}", /property Klingon is not supported/],
    ["\\p{__proto__}", /property __proto__ is not supported/],
    ["[[:__proto__:]]", /bracket __proto__ is not supported/],
    ["(?R)", /kind of group/],
    ["[z-a]", /ends before it starts/],
    ["\\x{d800}", /bad code point/],
    [`${"(".repeat(40)}a${")".repeat(40)}`, /nested deeper/],
    [`${"[".repeat(40)}a${"]".repeat(40)}`, /nested deeper/],
    ["(?:(?:(?:a{99}b){99}){99}){99}", /too large/],
    ["\\", /ends with a backslash/],
  ])("%s", (pattern, message) => {
    expect(() => new Pattern(pattern)).toThrow(PatternError);
    expect(() => new Pattern(pattern)).toThrow(message);
  });
});

test("work is bounded, whatever the pattern", () => {
  expect(() => new Pattern("(?:a+)+b").matches("a".repeat(40))).toThrow(TooManySteps);
  expect(() => new Pattern("\\s*x|\\s").matches(" ".repeat(200_000))).toThrow(TooManySteps);
});

test("a run of a million characters is matched without a million frames on the stack", () => {
  const text = " ".repeat(1_000_000);
  expect(new Pattern("\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+").matches(text)).toEqual([0, 1_000_000]);
  expect(new Pattern("(?:ab|a)+").matches("ab".repeat(500_000))).toEqual([0, 1_000_000]);
});
