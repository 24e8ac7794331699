import { PassThrough } from "node:stream";
import { runCli } from "../../apps/cli/src/cli.ts";
import type { TestApi } from "./service.ts";

/** A command line in this process, in a folder, for the API of a test. */
export function cliOf(api: Pick<TestApi, "url">, key: string, folder: string) {
  async function espalier(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const code = await runCli(args, {
      environment: { ESPALIER_URL: api.url, ESPALIER_KEY: key },
      cwd: folder,
      stdin: process.stdin,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stderr as unknown as NodeJS.WriteStream,
      signal: new AbortController().signal,
    });
    const text = (stream: PassThrough) => String(stream.read() ?? "");
    return { code, out: text(stdout).trim(), err: text(stderr) };
  }
  return {
    espalier,
    /** What the command prints with --json. */
    async json<T>(...args: string[]): Promise<T> {
      const { code, out, err } = await espalier(...args, "--json");
      if (code !== 0) throw new Error(err);
      return JSON.parse(out) as T;
    },
  };
}
