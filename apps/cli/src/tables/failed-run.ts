import { isUnsuccessful, Problem, remedies, type Run } from "@espalier/contract";
import { failureOf, printFailure } from "../terminal/failure.ts";
import type { Output } from "../terminal/output.ts";
import { wrap } from "../terminal/wrap.ts";
import { runLabel } from "../watch/run-bars.ts";

/** Why a run did not succeed, whole, and what can be done; nothing for a run without a problem. */
export function reasonLines({ problem }: Pick<Run, "problem">, columns: number): string[] {
  if (problem === undefined) return [];
  const { code, message, hint } = failureOf(Problem.fromDocument(problem));
  return [
    ...`${code}: ${message}`.split("\n").flatMap((line) => wrap(line, columns)),
    ...(hint === undefined ? [] : wrap(hint, columns, "  ")),
    ...wrap(`→ ${remedies[problem.code]} (docs/errors.md)`, columns, "  "),
  ];
}

/** Tells on stderr which runs failed, why, and what can be done; as the first one's `{code, message, hint}` under --json. */
export function printFailedRuns(output: Output, runs: readonly Run[]): void {
  const [first] = runs.filter(hasFailed);
  if (!output.json) for (const line of failedRunLines(runs, output.columns())) output.note(line);
  else if (first?.problem) {
    const { hint, ...failure } = failureOf(Problem.fromDocument(first.problem));
    const remedy = remedies[first.problem.code];
    printFailure(output, { ...failure, hint: hint === undefined ? remedy : `${hint}; ${remedy}` });
  }
}

const hasFailed = ({ state, problem }: Run): boolean =>
  isUnsuccessful(state) &&
  state !== "CANCELLED" &&
  problem !== undefined &&
  problem.code !== "run/upstream-failed";

/** The runs that failed by themselves, each with its reason; those that were skipped because of them are counted. */
export function failedRunLines(runs: readonly Run[], columns: number): string[] {
  const roots = runs.filter(hasFailed);
  const skipped = runs.filter(({ state }) => state === "SKIPPED").length;
  return [
    ...roots.flatMap((run) => [
      `${runLabel(run)}  ${run.id}  ${run.state}`,
      ...reasonLines(run, columns - 2).map((line) => `  ${line}`),
      `  its log: espalier run logs ${run.id}`,
    ]),
    ...(skipped === 0 ? [] : [`${skipped} ${skipped === 1 ? "run" : "runs"} that needed them did not start`]),
  ];
}
