import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where infra/build.mjs writes the program whose source is this file of the repository: `cli.mjs` for apps/cli/src/main.ts. */
export function builtProgram(source: string): string {
  const name = relative(root, source)
    .replace(/^apps\/|\/src|\/main\.ts$/g, "")
    .replaceAll("/", "-");
  return join(root, "dist", `${name}.mjs`);
}

/** A process that has loaded tsx runs sources, and so do those that it starts: what it calls and what it starts must agree. */
export const runsSources = (): boolean => process.execArgv.includes("tsx");

/**
 * The arguments with which Node runs a program of the repository: as it was built, or from its source where this process
 * itself runs sources or the program is none of those that are built.
 * @param source absolute path of its module
 */
export function programArguments(source: string): string[] {
  const built = builtProgram(source);
  return runsSources() || !existsSync(built) ? ["--import", "tsx", source] : [built];
}
