import type { TestProject } from "vitest/node";
import { startPostgres } from "./postgres.ts";

/**
 * Starts a PostgreSQL for each file that is tested at a time; returns their teardown. Files share none: events are told
 * once no transaction of the server is older, so that one file's would hold back another's.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await Promise.all(Array.from({ length: project.config.maxWorkers }, () => startPostgres()));
  project.provide(
    "postgresUrls",
    servers.map(({ url }) => url),
  );
  return async () => {
    await Promise.all(servers.map((server) => server.remove()));
  };
}
