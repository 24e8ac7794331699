import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres.ts";

const bootstrap = fileURLToPath(new URL("../../infra/bootstrap.mjs", import.meta.url));

/**
 * Builds the programs that tests start, where their sources have changed. Starts a PostgreSQL for each file that is tested at a time; returns their teardown. Files share none: events are told
 * once no transaction of the server is older, so that one file's would hold back another's.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [bootstrap], { stdio: "inherit" });
  const servers = await Promise.all(Array.from({ length: project.config.maxWorkers }, () => startPostgres()));
  project.provide(
    "postgresUrls",
    servers.map(({ url }) => url),
  );
  return async () => {
    await Promise.all(servers.map((server) => server.remove()));
  };
}
