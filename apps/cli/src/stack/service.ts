import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { backoff, Problem } from "@espalier/contract";
import { graceSeconds } from "./grace.ts";

export interface ServiceSpec {
  name: string;
  /** Arguments of Node. */
  command: string[];
  env: NodeJS.ProcessEnv;
  /** Standard output and error are appended here. */
  log: string;
  /** Runs before every start. */
  prepare?: () => Promise<void>;
  /** Asked every 50 ms after a start. */
  ready: () => Promise<boolean>;
}

export interface ServiceOptions {
  /** Folder in which it runs. */
  root: string;
  say: (line: string) => void;
  /** The process of the service changed. */
  started: (pid: number | undefined) => void;
}

const pauses = { first: 200, most: 10_000 } as const;
/** A service that ran for so many milliseconds has not failed in a row. */
const steadyAfter = 30_000;
const logLimit = 16 * 2 ** 20;
/** A service that never became ready is given up after this many ends or milliseconds. */
const firstStart = { ends: 3, within: 60_000 } as const;

/** One process of the stack, kept running until `stop`. */
export class Service {
  readonly #spec: ServiceSpec;
  readonly #options: ServiceOptions;
  readonly #stopping = new AbortController();
  #child: ChildProcess | undefined;
  #keeping: Promise<void> = Promise.resolve();
  #ends = 0;

  constructor(spec: ServiceSpec, options: ServiceOptions) {
    this.#spec = spec;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it is ready or `signal` aborts; from then on it is started again whenever it ends. */
  async start(signal: AbortSignal): Promise<void> {
    rotate(this.#spec.log);
    this.#keeping = this.#keep();
    const deadline = Date.now() + firstStart.within;
    while (!(await this.#isReady())) {
      if (this.#ends >= firstStart.ends || Date.now() > deadline) {
        await this.stop();
        throw new Problem(
          "service/unavailable",
          `${this.#spec.name} does not start; the end of ${this.#spec.log}:\n${tail(this.#spec.log)}`,
        );
      }
      if (signal.aborted) return;
      await sleep(50);
    }
  }

  /** Asks it to end, and kills it when it has not within the grace. Its standard input ends too, which its lifeline watches. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1000);
      await once(child, "exit");
      clearTimeout(timer);
    }
    await this.#keeping;
  }

  async #isReady(): Promise<boolean> {
    return this.#child !== undefined && (await this.#spec.ready().catch(() => false));
  }

  async #keep(): Promise<void> {
    const { name } = this.#spec;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const startedAt = Date.now();
      const reason = await this.#runOnce().catch((error: unknown) => String(error));
      if (this.#stopping.signal.aborted) return;
      this.#ends += 1;
      failures = Date.now() - startedAt > steadyAfter ? 1 : failures + 1;
      const delay = backoff(failures, pauses);
      this.#options.say(`${name} ended (${reason}); starting it again in ${delay / 1000} s`);
      await sleep(delay, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** @returns why it ended */
  async #runOnce(): Promise<string> {
    await this.#spec.prepare?.();
    if (this.#stopping.signal.aborted) return "stopping";
    const log = openSync(this.#spec.log, "a", 0o600);
    // A session of its own: Ctrl-C would reach the whole foreground group at once, and the parts must end in order.
    const child = spawn(process.execPath, this.#spec.command, {
      cwd: this.#options.root,
      env: this.#spec.env,
      stdio: ["pipe", log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#options.started(child.pid);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    this.#child = undefined;
    this.#options.started(undefined);
    return signal ?? `exit code ${code}`;
  }
}

function rotate(log: string): void {
  if (existsSync(log) && statSync(log).size > logLimit) renameSync(log, `${log}.1`);
}

const tail = (log: string): string =>
  existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join("\n") : "";
