import type { Schema } from "./samples.ts";

const long = "x".repeat(1_000_000);

/** Texts that no honest client sends. */
export const texts = ["\0", "a\ud800", long, "", "a/../b", "__proto__"];

/** Cursors and ids of events that no answer has given. */
export const cursors = [
  ...texts,
  "9999999999:run_00000000000000000000000000",
  "9999999999:x",
  "loss:99999999999:1",
  "loss:1:9999999999",
  "\0:1:1",
  "9".repeat(19),
  "9".repeat(40),
  "9999999999999999999-1",
  "1-9999999999999999999",
  "-1",
  "1e9",
  "NaN",
  ":",
];

/** Numbers at the bounds of a schema, past them, and where databases and doubles end. */
export function numbers({ minimum = 0, maximum = 2 ** 31, exclusiveMinimum = 0 }: Schema): number[] {
  const bounds = [minimum, minimum - 1, maximum, maximum + 1, exclusiveMinimum, exclusiveMinimum + 1e-320];
  return [...new Set([...bounds, -1, 0.5, 2 ** 31, 2 ** 53, -1e308])];
}

/** Values of other types than any schema at their place asks for. */
export const others: readonly unknown[] = [null, {}, [[]], "x", -1.5];

/** So deep that a function that calls itself runs out of stack; 60 kB. */
export const deep = `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`;

/** 75,000 fields in 0.8 MB. */
export const wide = JSON.stringify(
  Object.fromEntries(Array.from({ length: 75_000 }, (_, i) => [`f${i}`, i])),
);

/** Bodies that are no document. */
export const broken = [
  "",
  "{",
  "null",
  "[]",
  "3",
  '"x"',
  "\ufeff{}",
  '{"a":1}}',
  '{"__proto__":{"x":1}}',
  "\0",
  "NaN",
  deep,
  wide,
  `"${long}"`,
  "[".repeat(500_000),
  `{"a":${"9".repeat(100_000)}}`,
];
