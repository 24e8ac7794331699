import { union, type CodePointSet } from "./code-point-set.ts";
import * as data from "./data.ts";

/** A table of data.ts as a set. */
function decode(runs: string): CodePointSet {
  const set: [number, number][] = [];
  let at = 0;
  for (const [i, length] of runs.split(" ").entries()) {
    const next = at + Number.parseInt(length, 36);
    if (i % 2 === 1) set.push([at, next - 1]);
    at = next;
  }
  return set;
}

function memo<Value>(make: () => Value): () => Value {
  let value: Value | undefined;
  return () => (value ??= make());
}

/** The general categories of Oniguruma, by their names of two letters. */
const categories = memo(() => {
  const names = data.categoryNames.split(" ");
  const sets = new Map<string, [number, number][]>(names.map((name) => [name, []]));
  let at = 0;
  for (const [, length, letter] of data.categoryRuns.matchAll(/([0-9a-z]+)([A-^])/g)) {
    const next = at + Number.parseInt(length!, 36);
    sets.get(names[letter!.charCodeAt(0) - 65]!)!.push([at, next - 1]);
    at = next;
  }
  return sets;
});

/** A general category such as `L`, `Lu` or `N`; undefined where there is none of this name. */
export function generalCategory(name: string): CodePointSet | undefined {
  const exact = categories().get(name);
  if (exact !== undefined || name.length !== 1) return exact;
  const parts = [...categories()].filter(([category]) => category.startsWith(name)).map(([, set]) => set);
  return parts.length === 0 ? undefined : union(...parts);
}

const scriptSets = new Map<string, CodePointSet>();

/** The code points of a script; undefined where `data.ts` has no table of this script. */
export function script(name: string): CodePointSet | undefined {
  if (!Object.hasOwn(data.scripts, name)) return undefined;
  const known = scriptSets.get(name) ?? decode(data.scripts[name]!);
  scriptSets.set(name, known);
  return known;
}

export const alphabetic = memo(() => decode(data.alphabetic));

/** Letters that have another case: capitals, small letters and titlecase letters. */
export const cased = memo(() => decode(data.cased));

/** `White_Space`, which has been the same since Unicode 6.3. */
export const whiteSpace: CodePointSet = [
  [0x9, 0xd],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];

const marksDigitsConnectors = memo(() =>
  union(generalCategory("M")!, generalCategory("Nd")!, generalCategory("Pc")!),
);

/** `\w` of Oniguruma, which includes the superscript digits and fractions of Latin-1. */
export const onigurumaWord = memo(() =>
  union(alphabetic(), marksDigitsConnectors(), [
    [0xb2, 0xb3],
    [0xb9, 0xb9],
    [0xbc, 0xbe],
  ]),
);

/** `\w` of Rust's regex (UTS #18). */
export const rustWord = memo(() => union(alphabetic(), marksDigitsConnectors(), [[0x200c, 0x200d]]));

/** `char::is_numeric` of Rust, whose Unicode is newer than that of the patterns. */
export const numeric = memo(() =>
  union(generalCategory("N")!, [
    [0x11de0, 0x11de9],
    [0x16ff4, 0x16ff6],
  ]),
);

export const clusterExtenders = memo(() => decode(data.clusterExtenders));
export const clusterPrefixes = memo(() => decode(data.clusterPrefixes));
export const clusterControls = memo(() => decode(data.clusterControls));
export const spacingMarks = memo(() => decode(data.spacingMarks));
export const pictographs = memo(() => decode(data.pictographs));
export const conjunctConsonants = memo(() => decode(data.conjunctConsonants));
export const conjunctLinkers = memo(() => decode(data.conjunctLinkers));

export const punctuation = memo(() => decode(data.punctuation));
export const bertControl = memo(() => decode(data.control));
export const nonspacingMarks = memo(() => decode(data.nonspacingMarks));
export const combiningMarks = memo(() => decode(data.combiningMarks));

/** Characters that the library's normal forms do not change, because its Unicode for normal forms does not know them. */
export const inertInNormalForms = memo(() => union(decode(data.newerInNormalForms), generalCategory("Cn")!));
