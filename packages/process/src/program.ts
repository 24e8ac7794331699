import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * The file that infra/build.mjs has made of a program, `dist/cli.mjs` of apps/cli/src/main.ts. Undefined where the program is
 * none of those that are built, and where this process itself runs sources, which loading tsx shows: what it calls and what
 * it starts must agree.
 * @param source absolute path of its module
 */
export function builtProgram(source: string): string | undefined {
  const name = relative(root, source)
    .replace(/^apps\/|\/src|\/main\.ts$/g, "")
    .replaceAll("/", "-");
  const built = join(root, "dist", `${name}.mjs`);
  return process.execArgv.includes("tsx") || !existsSync(built) ? undefined : built;
}

/** The arguments with which Node runs a program of the repository: as it was built, else from its source. */
export function programArguments(source: string): string[] {
  const built = builtProgram(source);
  return built === undefined ? ["--import", "tsx", source] : [built];
}
