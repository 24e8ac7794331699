import { espalier as run } from "../../apps/cli/src/testing/espalier.ts";
import type { TestApi } from "./service.ts";

/** Command lines in a folder, for the API of a test. */
export function cliOf(api: Pick<TestApi, "url">, key: string, folder: string) {
  async function espalier(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const environment = { ESPALIER_URL: api.url, ESPALIER_KEY: key };
    const { code, out, err } = await run(args, { cwd: folder, environment });
    return { code, out: out.trim(), err };
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
