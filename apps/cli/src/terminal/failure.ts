import { Problem, type PlacedError, type ProblemDocument, type ProblemFacts } from "@espalier/contract";
import type { Output } from "./output.ts";

export interface Failure {
  code: string;
  message: string;
  hint?: string;
  facts?: ProblemFacts;
}

/** A failure as `{code, message, hint}` under --json; as one line, and one with the hint, otherwise. */
export function printFailure(output: Output, failure: Failure | ProblemDocument): void {
  const { code, message, hint } = "detail" in failure ? failureOf(Problem.fromDocument(failure)) : failure;
  const lines = linesOf(("detail" in failure ? failure : failure.facts) ?? {});
  if (output.json)
    return output.note(
      JSON.stringify({
        code,
        message,
        ...(hint ? { hint } : {}),
        ...(lines.length > 0 ? { errors: lines } : {}),
      }),
    );
  output.note(`${output.paint("red", "error")} ${code}: ${message}`);
  if (hint) output.note(`  ${hint}`);
  for (const line of errorLines(lines, mostLines)) output.note(`  ${line}`);
}

/** Lines of a file that are printed without --json. */
const mostLines = 20;

/** What is wrong at more places than the one that the message tells of, or in lines of a file. */
const linesOf = ({ errors = [], field: told }: ProblemFacts): PlacedError[] =>
  errors.filter(({ line, field }) => line !== undefined || errors.length > 1 || field !== told);

/** Errors as lines, the first of them where they are many. */
export const errorLines = (errors: readonly PlacedError[], most = Infinity): string[] => [
  ...errors.slice(0, most).map(({ field, detail }) => `${field}: ${detail}`),
  ...(errors.length > most ? [`… and ${errors.length - most} more; --json lists them`] : []),
];

/** A problem as it is printed: the hint says where the fault lies. */
export const failureOf = ({ code, message, facts }: Problem): Failure => ({
  code,
  message,
  ...factsHint(facts),
  ...(facts.errors === undefined ? {} : { facts }),
});

/** Where the fault lies, when the problem says so. */
function factsHint(facts: ProblemFacts): { hint?: string } {
  const parts = Object.entries(facts)
    // They have lines of their own.
    .filter(([name]) => name !== "errors")
    .map(([name, value]) => (typeof value === "object" ? JSON.stringify(value) : `${name} ${value}`));
  return parts.length === 0 ? {} : { hint: parts.join(", ") };
}
