import { espalier as run } from "../../apps/cli/src/testing/espalier.ts";
import type { TestApi } from "./service.ts";

/** Command lines in a folder, for the API of a test. */
export function cliOf(api: Pick<TestApi, "url">, key: string, folder: string) {
  const environment = { ESPALIER_URL: api.url, ESPALIER_KEY: key };
  async function espalier(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const { code, out, err } = await run(args, { cwd: folder, environment });
    return { code, out: out.trim(), err };
  }
  return {
    espalier,
    /** The same on a terminal, where a person types this. */
    onTerminal: (typed: string, ...args: string[]) => run(args, { cwd: folder, environment, typed }),
    /** What the command prints with --json. */
    async json<T>(...args: string[]): Promise<T> {
      const { code, out, err } = await espalier(...args, "--json");
      if (code !== 0) throw new Error(err);
      return JSON.parse(out) as T;
    },
  };
}
