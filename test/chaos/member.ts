import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtProgram, programArguments } from "@espalier/process";
import type { Link } from "./link.ts";
import type { Mount } from "./mount.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Ends what it runs when this process is gone. */
const host = join(root, "apps/cli/src/stack/app-host/main.ts");

function commandOf(module: string): string[] {
  const built = builtProgram(join(root, module));
  return built === undefined ? ["--import", "tsx", host, module] : [...programArguments(host), built];
}

export interface MemberOptions {
  name: string;
  /** Module to run, below the repository. */
  module: string;
  environment: Record<string, string>;
  /** Everything that it prints is appended here. */
  log: string;
  /** Its ways to the servers. With a queue on PostgreSQL both are one. */
  links: { database: Link; queue: Link };
  /** Its data folder. */
  mount: Mount;
}

/** One process of a deployment: an API or a worker, which may be killed, frozen and started again. */
export class Member {
  readonly name: string;
  readonly links: MemberOptions["links"];
  readonly mount: Mount;
  readonly #options: MemberOptions;
  #process: ChildProcess | undefined;
  #frozen = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.links = options.links;
    this.mount = options.mount;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get alive(): boolean {
    const process = this.#process;
    return process !== undefined && process.exitCode === null && process.signalCode === null;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /**
   * @param more environment of this start alone
   * @param around command that starts it; default: none
   */
  start(more: Record<string, string> = {}, around: readonly string[] = []): void {
    if (this.alive) throw new Error(`${this.name} runs already`);
    const { module, environment, log } = this.#options;
    const output = openSync(log, "a");
    this.#frozen = false;
    const [file, ...args] = [...around, process.execPath, ...commandOf(module)];
    this.#process = spawn(file, args, {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment, ...more },
      stdio: ["pipe", output, output],
      // Signals of a terminal are for whoever runs the suite.
      detached: true,
    });
    closeSync(output);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
    if (signal === "SIGSTOP") this.#frozen = true;
    if (signal === "SIGCONT") this.#frozen = false;
  }

  /** Resolves with the exit code once it has ended; null after a signal. */
  async ended(): Promise<number | null> {
    const process = this.#process;
    if (process && this.alive) await once(process, "exit");
    return process?.exitCode ?? null;
  }

  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended();
  }

  /** What it has logged so far, JSON lines of pino among others. */
  get log(): string {
    try {
      return readFileSync(this.#options.log, "utf8");
    } catch {
      return "";
    }
  }

  /** Compute processes that it has started, the last one last. */
  get computes(): { pid: number; runId: string; attempt: number; at: number }[] {
    return this.log
      .split("\n")
      .filter((line) => line.includes('"compute process started"'))
      .map((line) => {
        // The base of the logger has a `pid` of its own; of two keys the last one counts.
        const { time, ...compute } = JSON.parse(line) as { [key in "pid" | "attempt" | "time"]: number } & {
          runId: string;
        };
        return { pid: compute.pid, runId: compute.runId, attempt: compute.attempt, at: time };
      });
  }
}
