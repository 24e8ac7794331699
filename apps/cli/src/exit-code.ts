import { isUnsuccessful, type ProblemCode, type RunState } from "@espalier/contract";

/** Exit codes of the command line. They never change: scripts depend on them. */
export const exitCode = {
  ok: 0,
  failure: 1,
  /** Wrong usage, or the user cancelled or detached. */
  usage: 2,
  /** The watched run or experiment ended without success. */
  runFailed: 3,
  auth: 4,
  notFound: 5,
  /** The service did not answer; trying again may help (EX_TEMPFAIL of sysexits.h). */
  unreachable: 75,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export function exitCodeOf(code: ProblemCode): ExitCode {
  if (code === "service/unavailable") return exitCode.unreachable;
  if (code === "resource/not-found") return exitCode.notFound;
  return code.startsWith("auth/") ? exitCode.auth : exitCode.failure;
}

/** The exit code for a watched run that ended, or the worst one of several runs. */
export function exitCodeOfRuns(states: readonly RunState[]): ExitCode {
  if (states.some((state) => state !== "CANCELLED" && isUnsuccessful(state))) return exitCode.runFailed;
  return states.includes("CANCELLED") ? exitCode.usage : exitCode.ok;
}
