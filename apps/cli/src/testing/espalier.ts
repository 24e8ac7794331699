import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { runCli } from "../cli.ts";

const demo = fileURLToPath(new URL("../../demo/", import.meta.url));
export const demoModel = `${demo}model`;
export const demoTriplets = `${demo}triplets.jsonl`;

export interface Ran {
  code: number;
  stdout: Buffer;
  out: string;
  err: string;
}

export interface RunOptions {
  cwd?: string;
  stdin?: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;
  environment?: NodeJS.ProcessEnv;
  /** What is typed on a terminal; the command then sees one at each of its ends. */
  typed?: string;
}

/** One command line in this process; its computation is a real process of its own. */
export async function espalier(
  args: readonly string[],
  { cwd = "/", typed, stdin = typed === undefined ? [] : [typed], environment = {} }: RunOptions = {},
): Promise<Ran> {
  const isTTY = typed !== undefined;
  const stdout = Object.assign(new PassThrough(), { isTTY });
  const stderr = Object.assign(new PassThrough(), { isTTY });
  const outputs = Promise.all([buffer(stdout), buffer(stderr)]);
  const code = await runCli([...args], {
    // Whoever runs the tests may be logged in to a service.
    environment: { HOME: "/nonexistent", ...environment },
    cwd,
    stdin: Object.assign(Readable.from(stdin), { isTTY }) as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [data, notes] = await outputs;
  return { code, stdout: data, out: data.toString(), err: notes.toString() };
}
