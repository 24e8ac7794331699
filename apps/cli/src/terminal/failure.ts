import { Problem, type ProblemDocument } from "@espalier/contract";
import type { Output } from "./output.ts";

export interface Failure {
  code: string;
  message: string;
  hint?: string;
}

/** A failure as `{code, message, hint}` under --json; as one line, and one with the hint, otherwise. */
export function printFailure(output: Output, failure: Failure | ProblemDocument): void {
  const { code, message, hint } = "detail" in failure ? failureOf(Problem.fromDocument(failure)) : failure;
  if (output.json) return output.note(JSON.stringify({ code, message, ...(hint ? { hint } : {}) }));
  output.note(`${output.paint("red", "error")} ${code}: ${message}`);
  if (hint) output.note(`  ${hint}`);
}

/** A problem as it is printed: the hint says where the fault lies. */
export const failureOf = ({ code, message, facts }: Problem): Failure => ({
  code,
  message,
  ...factsHint(facts),
});

/** Where the fault lies, when the problem says so. */
function factsHint(facts: object): { hint?: string } {
  const parts = Object.entries(facts).map(([name, value]) =>
    typeof value === "object" ? JSON.stringify(value) : `${name} ${value}`,
  );
  return parts.length === 0 ? {} : { hint: parts.join(", ") };
}
