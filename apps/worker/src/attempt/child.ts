import { passedOn } from "../config.ts";
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Problem } from "@espalier/contract";
import { explainCrash } from "@espalier/process";
import { onLines } from "@espalier/process";
import { countOomKills } from "./oom-kills.ts";
import {
  formatLine,
  messageDescriptor,
  parseMessage,
  type HubAccess,
  type Instruction,
  type Job,
  type Message,
  type Outcome,
} from "@espalier/contract/compute";
import { Watchdog } from "./watchdog.ts";

/** What a compute process says while it works. */
export type Notice = Exclude<Message, { type: "done" | "stopped" | "failed" }>;

export type ChildEnd =
  | { type: "done"; outcome: Outcome }
  | { type: "stopped" }
  | { type: "failed"; problem: Problem };

export interface ChildOptions {
  job: Job;
  /** Told to the process by its standard input, which no other process can read. */
  hub?: HubAccess | undefined;
  /** Folder for what libraries want to write; it is the process's TMPDIR. */
  temporaryFolder: string;
  /** What it is told beside what is passed on; it wins. */
  environment: Readonly<Record<string, string>>;
  /** Module of the process; default that of `@espalier/compute`. */
  entry?: string | undefined;
  /** Silence that makes a computation count as hung, where its steps are not slow. */
  hungSeconds: number;
  onNotice: (notice: Notice) => void;
}

export interface Child {
  readonly pid: number | undefined;
  /** Settles when the process and all it started are gone. Never rejects. */
  readonly ended: Promise<ChildEnd>;
  /** Asks it to save what can be resumed from and to end; kills it after the grace. */
  stop(graceSeconds: number): void;
  kill(): void;
}

const computeEntry = fileURLToPath(import.meta.resolve("@espalier/compute"));
/** Where packages and the TypeScript loader are found. */
const home = fileURLToPath(new URL("../..", import.meta.url));
const exitSeconds = 5;
const watchSeconds = 5;
const keptLines = 40;

/** Starts the compute process of one attempt, in a process group of its own. */
export function startChild(options: ChildOptions): Child {
  const { job, hub, temporaryFolder, environment, entry = computeEntry, hungSeconds, onNotice } = options;
  const oomKillsBefore = countOomKills();
  const watchdog = new Watchdog(hungSeconds);
  const child = spawn(process.execPath, ["--import", "tsx", entry, String(process.pid)], {
    cwd: home,
    env: { ...passedOn(), ...environment, TMPDIR: temporaryFolder },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    detached: true,
  });
  const stderr: string[] = [];
  let verdict: ChildEnd | undefined;

  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group is gone already.
    }
  };
  const settle = (end: ChildEnd): void => {
    verdict ??= end;
  };
  const send = (instruction: Instruction): void => {
    child.stdin.write(formatLine(instruction));
  };
  // A process that has ended cannot read; its end is reported by `close`.
  child.stdin.on("error", () => undefined);

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
    watchdog.sign();
    if (message.type === "done" || message.type === "stopped" || message.type === "failed") {
      settle(
        message.type === "failed"
          ? { type: "failed", problem: Problem.fromDocument(message.problem) }
          : message,
      );
      setTimeout(killGroup, exitSeconds * 1000).unref();
    } else {
      onNotice(message);
    }
  };
  onLines(child.stdio[messageDescriptor] as Readable, take);
  onLines(child.stdout, (line) => onNotice({ type: "log", level: "info", message: line }));
  onLines(child.stderr, (line) => {
    stderr.push(line);
    if (stderr.length > keptLines) stderr.shift();
    onNotice({ type: "log", level: "warn", message: line });
  });

  const watch = setInterval(() => {
    const seconds = watchdog.hungFor();
    if (seconds === undefined || verdict) return;
    const detail = `The computation made no progress for ${seconds} s and was ended.`;
    settle({ type: "failed", problem: new Problem("worker/child-crashed", detail) });
    killGroup();
  }, watchSeconds * 1000);
  watch.unref();

  const ended = new Promise<ChildEnd>((resolve) => {
    child.on("error", (cause) => {
      const detail = `The compute process cannot be started: ${cause.message}`;
      settle({ type: "failed", problem: new Problem("worker/child-crashed", detail, {}, { cause }) });
      if (child.pid === undefined) resolve(verdict!);
    });
    // Whatever it left behind would keep the pipes open.
    child.on("exit", killGroup);
    child.on("close", (code, signal) => {
      clearInterval(watch);
      const oomKills = countOomKills() - oomKillsBefore;
      resolve(verdict ?? { type: "failed", problem: explainCrash({ code, signal, stderr, oomKills }) });
    });
  });

  send({ type: "start", job, ...(hub === undefined ? {} : { hub }) });
  return {
    pid: child.pid,
    ended,
    stop(graceSeconds) {
      send({ type: "stop" });
      setTimeout(() => {
        settle({ type: "stopped" });
        killGroup();
      }, graceSeconds * 1000).unref();
    },
    kill: killGroup,
  };
}
