import { readFileSync } from "node:fs";
import { Problem, problems, type ProblemCode } from "@espalier/contract";
import { expect, it } from "vitest";
import { headersOf } from "./problems.ts";

const codes = Object.keys(problems) as ProblemCode[];
const page = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");
/** The row of a code in docs/errors.md. */
const rowOf = (code: ProblemCode): string =>
  page.split("\n").find((line) => line.startsWith(`| \`${code}\` |`)) ?? "";
const retryAfter = (problem: Problem) => Number(headersOf(problem)["retry-after"]);

it.each(
  codes.filter(
    (code) => [408, 429, 503].includes(problems[code].status) || rowOf(code).includes("Retry-After"),
  ),
)(
  "%s says after how long to ask again: in whole seconds, and what the limit itself says where it knows",
  (code) => {
    const seconds = retryAfter(new Problem(code, "Later."));
    expect(Number.isInteger(seconds) && seconds > 0, String(seconds)).toBe(true);
    expect(retryAfter(new Problem(code, "Later.", { retryAfter: 7 }))).toBe(7);
  },
);

it.each(codes.filter((code) => ![408, 429, 503].includes(problems[code].status)))(
  "%s does not tell a client to ask again, which would be in vain",
  (code) => {
    expect(headersOf(new Problem(code, "No."))).not.toHaveProperty("retry-after");
  },
);
