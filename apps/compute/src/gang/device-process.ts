import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Problem } from "@espalier/contract";
import { programArguments } from "@espalier/process";
import { seePeak } from "../computation.ts";
import { errorOf, type Answer, type DeviceEngine, type Request, type Tensors } from "./messages.ts";

interface Waiting {
  readonly answer: (results: Tensors) => void;
  readonly fail: (error: Error) => void;
}

const source = fileURLToPath(new URL("device/main.ts", import.meta.url));

/**
 * An engine on one device of several, in a process of its own: `run` blocks whoever calls it, and what ends one process leaves the others
 * standing. It answers in the order in which it is asked, keeps this process alive only while it has something to answer, and ends
 * with it.
 */
export class DeviceProcess {
  readonly #child: ChildProcess;
  readonly #waiting: Waiting[] = [];
  readonly #address: string;
  #lost: Problem | undefined;
  #peak = 0;

  constructor(device: DeviceEngine) {
    this.#address = device.options.device ?? "its device";
    const before = programArguments(source);
    const entry = before.pop()!;
    this.#child = fork(entry, [JSON.stringify(device)], {
      execArgv: before,
      serialization: "advanced",
      // Standard output is for the reports of this process.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#release();
    this.#child.on("message", (answer: Answer) => {
      this.#peak = answer.peak;
      seePeak(this.#peak);
      const first = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#release();
      if ("failure" in answer) first?.fail(errorOf(answer.failure));
      else first?.answer(answer.results);
    });
    this.#child.on("error", (error) => this.#lose(error.message));
    this.#child.on("exit", (code, signal) => this.#lose(`its process ended with ${signal ?? code}`));
  }

  /** Of its process; absent where that did not start. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Most memory that its process has had resident so far, in bytes. */
  get peak(): number {
    return this.#peak;
  }

  /** What it has been asked and has not answered. */
  get load(): number {
    return this.#waiting.length;
  }

  /** @throws {Problem} `device/lost` where its process has ended, and whatever the engine throws */
  ask(request: Request): Promise<Tensors> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((answer, fail) => {
      this.#waiting.push({ answer, fail });
      this.#child.ref();
      this.#child.channel?.ref();
      this.#child.send(request, (error) => error && this.#lose(error.message));
    });
  }

  /** Ends it when it has answered what it was asked. */
  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #release(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #lose(why: string): void {
    this.#lost ??= new Problem("device/lost", `${this.#address} stopped computing in the middle: ${why}.`);
    for (const { fail } of this.#waiting.splice(0)) fail(this.#lost);
  }
}
