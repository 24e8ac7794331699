import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Problem, type ProblemDocument, type Progress } from "@espalier/contract";
import { repository } from "../repository.ts";
import type { Jobs, Outcomes } from "./jobs.ts";

export interface ComputeOptions {
  environment: NodeJS.ProcessEnv;
  /** Ends the process at once. */
  signal: AbortSignal;
  progress?: (progress: Progress) => void;
  /** Lines for the process; destroyed when it has ended. */
  texts?: Readable;
  /** Where its vectors go; stays open. */
  vectors?: Writable;
}

/** What the process says that matters here: lines of JSON on descriptor 3 (`packages/contract/src/compute/protocol.ts`). */
type Message =
  | { type: "progress"; progress: Progress }
  | { type: "done"; outcome: unknown }
  | { type: "failed"; problem: ProblemDocument }
  | { type: "metrics" | "log" };

const entry = join(repository, "apps/compute/src/offline/main.ts");
const keptLines = 5;

/**
 * Runs one job in a process of its own: the command line has no tensors, and a crash leaves it standing.
 * @throws {Problem} what the job failed with, or `worker/child-crashed`
 * @throws the signal's reason, when the process has been ended
 */
export async function compute<Kind extends keyof Jobs>(
  kind: Kind,
  job: Jobs[Kind],
  { environment, signal, progress, texts, vectors }: ComputeOptions,
): Promise<Outcomes[Kind]> {
  signal.throwIfAborted();
  const start = { type: "start", job: { kind, ...engineOf(environment), ...job } };
  const pipe = (stream: unknown) => (stream ? "pipe" : "ignore");
  // A group of its own: Ctrl-C reaches the command line alone, which then kills the whole group.
  const child = spawn(process.execPath, ["--import", "tsx", entry, String(process.pid)], {
    cwd: repository,
    env: environment,
    detached: true,
    stdio: ["pipe", "ignore", "pipe", "pipe", pipe(texts), pipe(vectors)],
  });
  const [, , , messages, textsIn, vectorsOut] = child.stdio as unknown[];
  let verdict: Message | undefined;
  const printed: string[] = [];
  createInterface({ input: child.stderr! }).on("line", (line) => {
    if (line.trim() !== "") printed.push(line);
    if (printed.length > keptLines) printed.shift();
  });
  createInterface({ input: messages as Readable }).on("line", (line) => {
    const message = parseMessage(line);
    if (message?.type === "progress") progress?.(message.progress);
    else if (message?.type === "done" || message?.type === "failed") verdict = message;
  });
  // A process that ended early has said why; the broken pipes say nothing more.
  const feeding = texts && pipeline(texts, textsIn as Writable).catch(() => undefined);
  const draining =
    vectors && pipeline(vectorsOut as Readable, vectors, { end: false }).catch(() => undefined);
  child.stdin!.on("error", () => undefined);
  child.stdin!.write(`${JSON.stringify(start)}\n`);

  const kill = (): void => {
    killGroup(child);
    for (const stream of child.stdio) stream?.destroy();
  };
  signal.addEventListener("abort", kill, { once: true });
  try {
    const [code, ended] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    await draining;
    if (verdict?.type === "done") return verdict.outcome as Outcomes[Kind];
    if (verdict?.type === "failed") throw Problem.fromDocument(verdict.problem);
    throw explainEnd(code, ended, printed);
  } finally {
    signal.removeEventListener("abort", kill);
    texts?.destroy();
    await feeding;
  }
}

/** Undefined for a line that a dying process left unfinished. */
function parseMessage(line: string): Message | undefined {
  try {
    return JSON.parse(line) as Message;
  } catch {
    return undefined;
  }
}

function engineOf(environment: NodeJS.ProcessEnv): { engine: string; threads?: number } {
  const text = environment["ESPALIER_THREADS"];
  const engine = environment["ESPALIER_ENGINE"] || "onnx-cpu";
  if (!text) return { engine };
  const threads = Number(text);
  if (Number.isInteger(threads) && threads >= 1) return { engine, threads };
  throw new Problem("request/invalid", `ESPALIER_THREADS is "${text}"; give a whole number of at least 1.`);
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

function explainEnd(code: number | null, signal: NodeJS.Signals | null, printed: readonly string[]): Problem {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  const why = signal === "SIGKILL" ? ", most likely because memory ran out" : "";
  const last = printed.length === 0 ? "" : ` It last printed: ${printed.join(" | ").slice(0, 800)}`;
  return new Problem("worker/child-crashed", `The compute process ended ${how}${why}.${last}`);
}
