import { spawn } from "node:child_process";

/** How a program ended that was run for its output. A hung one is still there. */
export type CommandEnd =
  | { type: "exited"; code: number | null; stdout: string; stderr: string }
  | { type: "missing" }
  | { type: "hung"; seconds: number };

export interface CommandOptions {
  /** The longest that the program may take. */
  seconds: number;
  environment: Readonly<Record<string, string | undefined>>;
}

const mostOutput = 8 * 2 ** 20;

/**
 * Runs a program of the host for its output. One that does not end in time is killed and left alone: a process that waits
 * in a driver cannot be killed, and nothing may wait for it.
 */
export class Command {
  readonly #name: string;
  readonly #options: CommandOptions;
  #stuck = 0;

  constructor(name: string, options: CommandOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** Never rejects. Starts nothing while an earlier one still hangs. */
  run(args: readonly string[]): Promise<CommandEnd> {
    const { seconds, environment } = this.#options;
    if (this.#stuck > 0) return Promise.resolve({ type: "hung", seconds });
    return new Promise((resolve) => {
      const child = spawn(this.#name, args, {
        // Numbers and words in the form of the C locale, whatever the language of the host.
        env: { ...environment, LC_ALL: "C", LANG: "C" },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const output = { stdout: "", stderr: "" };
      for (const name of ["stdout", "stderr"] as const)
        child[name].setEncoding("utf8").on("data", (chunk: string) => {
          if (output[name].length < mostOutput) output[name] += chunk;
        });
      const timer = setTimeout(() => {
        this.#stuck += 1;
        child.once("exit", () => (this.#stuck -= 1));
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
        child.unref();
        resolve({ type: "hung", seconds });
      }, seconds * 1000);
      child.on("error", (error) => {
        clearTimeout(timer);
        const missing = "code" in error && (error.code === "ENOENT" || error.code === "EACCES");
        resolve(
          missing ? { type: "missing" } : { type: "exited", code: null, stdout: "", stderr: error.message },
        );
      });
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ type: "exited", code, ...output });
      });
    });
  }
}
