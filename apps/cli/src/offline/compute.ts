import type { Readable, Writable } from "node:stream";
import { join } from "node:path";
import { Problem, type MetricPoint, type Progress } from "@espalier/contract";
import type { JobKind, JobOf, OutcomeOf, SystemRefusal } from "@espalier/contract/compute";
import { startCompute } from "@espalier/process";
import { repository } from "../repository.ts";

export interface ComputeOptions {
  environment: NodeJS.ProcessEnv;
  /** Ends the process at once. */
  signal: AbortSignal;
  progress?: (progress: Progress) => void;
  /** Told of measurements, such as the loss of a step. */
  metrics?: (points: readonly MetricPoint[]) => void;
  /** Told what the user should know of the inputs, each sentence once. */
  warn?: (message: string) => void;
  /** Lines for the process; destroyed when it has ended. */
  texts?: Readable;
  /** Where its vectors go; stays open. */
  vectors?: Writable;
}

const entry = join(repository, "apps/compute/src/main.ts");

/**
 * Runs one job in a process of its own: the command line has no tensors, and a crash leaves it standing. The kernel's kills
 * for memory are not counted here: on a user's machine they may be those of other programs.
 * @param job all but the engine, which the environment names
 * @throws {Problem} what the job failed with, or how its process crashed; the system's error, where it has refused something
 * @throws the signal's reason, when the process has been ended
 */
export async function compute<Kind extends JobKind>(
  kind: Kind,
  job: Omit<JobOf<Kind>, "kind" | "engine" | "threads">,
  { environment, signal, progress, metrics, warn, texts, vectors }: ComputeOptions,
): Promise<OutcomeOf<Kind>> {
  signal.throwIfAborted();
  const child = startCompute<Kind>({
    entry,
    job: { kind, ...engineOf(environment), ...job } as unknown as JobOf<Kind>,
    environment,
    texts,
    vectors,
    signal,
    onReport(report) {
      if (report.type === "progress") progress?.(report.progress);
      else if (report.type === "metrics")
        metrics?.(report.points.map(({ value, ...point }) => ({ ...point, value: value ?? Number.NaN })));
      else if (report.type === "log" && report.level === "warn") warn?.(report.message);
    },
  });
  const end = await child.ended;
  signal.throwIfAborted();
  if (end.type === "done") return end.outcome;
  if (end.type === "failed") throw end.refused ? refusalOf(end.problem, end.refused) : end.problem;
  throw new Problem("internal/error", "The compute process stopped, though nobody asked it to.");
}

/** Here is the user's own machine, where a worker's remedies do not help. */
const refusalOf = (cause: Problem, { code, path }: SystemRefusal): Error =>
  Object.assign(new Error(cause.message, { cause }), { code, path });

function engineOf(environment: NodeJS.ProcessEnv): { engine: string; precision?: string; threads?: number } {
  const text = environment["ESPALIER_THREADS"];
  const precision = environment["ESPALIER_PRECISION"];
  const chosen = { engine: environment["ESPALIER_ENGINE"] || "onnx-cpu", ...(precision && { precision }) };
  if (!text) return chosen;
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return { ...chosen, threads };
  throw new Problem("request/invalid", `ESPALIER_THREADS is "${text}"; give a whole number of at least 1.`);
}
