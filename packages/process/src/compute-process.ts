import { spawn } from "node:child_process";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Problem } from "@espalier/contract";
import {
  deadlineDescriptor,
  formatLine,
  messageDescriptor,
  parseMessage,
  textsDescriptor,
  vectorsDescriptor,
  type HubAccess,
  type Instruction,
  type JobKind,
  type JobOf,
  type Message,
  type OutcomeOf,
  type SystemRefusal,
} from "@espalier/contract/compute";
import { explainCrash } from "./crash.ts";
import { monotonicMs } from "./lifeline.ts";
import { onLines } from "./lines.ts";
import { builtProgram, programArguments } from "./program.ts";
import { Watchdog } from "./watchdog.ts";

/** What a compute process reports while it works; what it prints comes as `log`. */
export type ComputeReport = Exclude<Message, { type: "done" | "stopped" | "failed" }>;

export type ComputeEnd<Kind extends JobKind = JobKind> =
  | { type: "done"; outcome: OutcomeOf<Kind> }
  /** `killed`: it was given no more time to save. `lease`: it was not told in time that it may go on. */
  | { type: "stopped"; killed?: "grace" | "lease" }
  | { type: "failed"; problem: Problem; refused?: SystemRefusal };

export interface ComputeOptions<Kind extends JobKind> {
  /** Path of the process's module, beside which packages and the TypeScript loader are found. */
  entry: string;
  job: JobOf<Kind>;
  /** Sent on the process's standard input, which no other process can read. */
  hub?: HubAccess | undefined;
  /** All that the process gets of the environment. */
  environment: NodeJS.ProcessEnv;
  onReport: (report: ComputeReport) => void;
  /** Kills the process at once. */
  signal?: AbortSignal;
  /** Silence after which a computation counts as hung, unless its steps are slow; without it, none ever does. */
  hungSeconds?: number;
  /** For how many seconds the process may go on before `mayGoOn` says more; default: without end. */
  leaseSeconds?: number;
  /**
   * Counts the processes that the kernel has killed for memory. Without it a SIGKILL that nobody here sent is put down to
   * memory, as it is most likely.
   */
  countOomKills?: () => number;
  /** Lines for an `embed` job; destroyed when the process has ended. */
  texts?: Readable | undefined;
  /** Where the vectors of an `embed` job go; it stays open. */
  vectors?: Writable | undefined;
}

export interface ComputeProcess<Kind extends JobKind = JobKind> {
  readonly pid: number | undefined;
  /** Settles when the process and all it started are gone, and its vectors are written. Never rejects. */
  readonly ended: Promise<ComputeEnd<Kind>>;
  /**
   * Asks it to save what can be resumed from and to end. Kills it after the grace, to which `more` may add: it is asked then,
   * and gives more seconds or 0.
   */
  stop(graceSeconds: number, more?: () => Promise<number>): void;
  /** Tells it that it may go on for so long from now, also if it hears nothing more. */
  mayGoOn(seconds: number): void;
  kill(): void;
}

const exitSeconds = 5;
const watchSeconds = 5;
const keptLines = 40;

/**
 * Starts a process for one job. It leads a process group of its own: signals of a terminal do not reach it, and all that
 * it started is killed with it.
 */
export function startCompute<Kind extends JobKind>(options: ComputeOptions<Kind>): ComputeProcess<Kind> {
  const { entry, job, hub, environment, onReport, hungSeconds, countOomKills, texts, vectors } = options;
  const { leaseSeconds, signal: abort } = options;
  const oomKillsBefore = countOomKills?.();
  const watchdog = hungSeconds === undefined ? undefined : new Watchdog(hungSeconds);
  const pipeIf = (stream: unknown) => (stream ? "pipe" : "ignore");
  const leased = leaseSeconds === undefined ? [] : [String(deadlineDescriptor)];
  const child = spawn(process.execPath, [...programArguments(entry), String(process.pid), ...leased], {
    // Where its sources lie, which are not there where programs are installed.
    cwd: dirname(builtProgram(entry) ?? entry),
    env: environment,
    stdio: ["pipe", "pipe", "pipe", "pipe", pipeIf(texts), pipeIf(vectors), pipeIf(leased.length > 0)],
    detached: true,
  });
  const deadlines = child.stdio.at(deadlineDescriptor) as Writable | null;
  // A process that has ended cannot read.
  deadlines?.on("error", () => undefined);
  let deadline = Infinity;
  const mayGoOn = (seconds: number): void => {
    // Past the deadline it has ended, or is about to; that must not be taken for a crash.
    if (!deadlines?.writable || monotonicMs() > deadline) return;
    deadline = Math.floor(monotonicMs() + seconds * 1000);
    deadlines.write(`${deadline}\n`);
  };
  if (leaseSeconds !== undefined) mayGoOn(leaseSeconds);
  const stderr: string[] = [];
  let verdict: ComputeEnd<Kind> | undefined;

  let hasExited = false;
  const killGroup = (): void => {
    // Once the process has ended and was waited for, its number may be another's.
    if (child.pid === undefined || hasExited) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
  };
  const settle = (end: ComputeEnd<Kind>): void => {
    verdict ??= end;
  };
  const send = (instruction: Instruction): void => {
    child.stdin!.write(formatLine(instruction));
  };
  // A process that has ended cannot read; its end is reported by `close`.
  child.stdin!.on("error", () => undefined);

  const take = (line: string): void => {
    let message: Message;
    try {
      message = parseMessage(line);
    } catch {
      const detail = `The compute process sent what is not a message: ${line.slice(0, 200)}`;
      settle({ type: "failed", problem: new Problem("internal/error", detail) });
      killGroup();
      return;
    }
    watchdog?.sign();
    if (message.type === "done" || message.type === "stopped" || message.type === "failed") {
      settle(
        message.type === "failed"
          ? { ...message, problem: Problem.fromDocument(message.problem) }
          : (message as ComputeEnd<Kind>),
      );
      setTimeout(killGroup, exitSeconds * 1000).unref();
    } else {
      onReport(message);
    }
  };
  // A process that was killed may leave half a message, which says less than the signal that ended it.
  onLines(child.stdio[messageDescriptor] as Readable, take, { unfinished: false });
  onLines(child.stdout!, (line) => onReport({ type: "log", level: "info", message: line }));
  onLines(child.stderr!, (line) => {
    stderr.push(line);
    if (stderr.length > keptLines) stderr.shift();
    onReport({ type: "log", level: "warn", message: line });
  });

  // A process that ended early has said why; the broken pipes say nothing more.
  const killed = new AbortController();
  const { signal } = killed;
  const stdio = child.stdio as readonly unknown[];
  const feeding =
    texts && pipeline(texts, stdio[textsDescriptor] as Writable, { signal }).catch(() => undefined);
  const draining =
    vectors &&
    pipeline(stdio[vectorsDescriptor] as Readable, vectors, { end: false, signal }).catch(() => undefined);

  const watch = setInterval(() => {
    const seconds = watchdog?.hungFor();
    if (seconds === undefined || verdict) return;
    const detail = `The computation made no progress for ${seconds} s and was ended.`;
    settle({ type: "failed", problem: new Problem("worker/child-crashed", detail) });
    killGroup();
  }, watchSeconds * 1000);
  watch.unref();

  const gone = new Promise<ComputeEnd<Kind>>((resolve) => {
    child.on("error", (cause) => {
      const detail = `The compute process cannot be started: ${cause.message}`;
      settle({ type: "failed", problem: new Problem("worker/child-crashed", detail, {}, { cause }) });
      if (child.pid === undefined) resolve(verdict!);
    });
    // Whatever it left behind would keep the pipes open.
    child.on("exit", () => {
      killGroup();
      hasExited = true;
    });
    child.on("close", (code, signal) => {
      // It has ended itself, as it must; nobody else knew for how long this process was silent.
      if (signal === "SIGKILL" && monotonicMs() > deadline) settle({ type: "stopped", killed: "lease" });
      const oomKills = oomKillsBefore === undefined ? undefined : countOomKills!() - oomKillsBefore;
      resolve(verdict ?? { type: "failed", problem: explainCrash({ code, signal, stderr, oomKills }) });
    });
  });
  const kill = (): void => {
    killGroup();
    // Somebody who reads no vectors would keep their pipe from ending.
    killed.abort();
  };
  abort?.addEventListener("abort", kill, { once: true });
  if (abort?.aborted) kill();
  const finish = async (): Promise<ComputeEnd<Kind>> => {
    const end = await gone;
    abort?.removeEventListener("abort", kill);
    clearInterval(watch);
    await draining;
    texts?.destroy();
    await feeding;
    deadlines?.destroy();
    return end;
  };

  send({ type: "start", job, ...(hub === undefined ? {} : { hub }) });
  return {
    pid: child.pid,
    ended: finish(),
    mayGoOn,
    stop(graceSeconds, more = async () => 0) {
      send({ type: "stop" });
      const afterGrace = async (): Promise<void> => {
        const added = hasExited ? 0 : await more();
        if (added > 0) return wait(added);
        settle({ type: "stopped", killed: "grace" });
        killGroup();
      };
      const wait = (seconds: number): void => {
        setTimeout(() => void afterGrace(), seconds * 1000).unref();
      };
      wait(graceSeconds);
    },
    kill,
  };
}
