import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { isProblem, Problem, type ProblemDocument } from "@espalier/contract";
import { defineCommand } from "../command.ts";
import { exitCode } from "../exit-code.ts";
import { repository } from "../repository.ts";

export const embed = defineCommand({
  name: "embed",
  arguments: "[TEXT …]",
  summary: "vectors of texts by a model folder on disk, without a server",
  help: [
    "--model DIR     Hugging Face folder, or one that a run produced",
    "--pooling P     weighted_mean (default), mean or last_token",
    "--max-length N  tokens; longer texts are cut on the right",
    "Without TEXT, lines of stdin. One JSON array per text on stdout, in order.",
  ],
  arity: [0, Infinity],
  options: { model: { type: "string" }, pooling: { type: "string" }, "max-length": { type: "string" } },
  async run({ environment, path, signal, stdin, output }, values, texts) {
    if (!values.model) throw new Problem("request/invalid", "--model DIR is missing.", { field: "model" });
    const args = ["--model", path(values.model)];
    if (values.pooling) args.push("--pooling", values.pooling);
    if (values["max-length"]) args.push("--max-length", values["max-length"]);
    // The engine lives in the worker's process; the command line has no tensors.
    const entry = join(repository, "apps/worker/src/embed/main.ts");
    const child = spawn(process.execPath, ["--import", "tsx", entry, ...args], {
      cwd: repository,
      env: environment,
      signal,
      stdio: ["pipe", "inherit", "pipe"],
    });
    const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    const source =
      texts.length > 0 ? Readable.from(texts.map((text) => `${text.replaceAll(/\s*\n\s*/g, " ")}\n`)) : stdin;
    // A child that ended early has said why on stderr; the broken pipe says nothing more.
    const feeding = pipeline(source, child.stdin).catch(() => undefined);
    let problem: Problem | undefined;
    for await (const line of createInterface({ input: child.stderr })) {
      const found = problemIn(line);
      if (found) problem = found;
      else output.note(line);
    }
    const [code, killed] = await ended;
    if (source === stdin) stdin.destroy();
    await feeding;
    if (problem) throw problem;
    if (code !== 0)
      throw new Problem(
        "worker/child-crashed",
        `The embedding process ended with ${killed ?? `exit code ${code}`}.`,
      );
    return exitCode.ok;
  },
});

function problemIn(line: string): Problem | undefined {
  try {
    const problem = Problem.fromDocument(JSON.parse(line) as ProblemDocument);
    return isProblem(problem) ? problem : undefined;
  } catch {
    return undefined;
  }
}
