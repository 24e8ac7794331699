import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { dockerForTests, removeContainers } from "./containers.ts";
import { startPostgres, type PostgresServer } from "./postgres.ts";
import { redisOfHost } from "./redis.ts";

const bootstrap = fileURLToPath(new URL("../../infra/bootstrap.mjs", import.meta.url));

/** Where servers are to be: `containers` fails without Docker, `embedded` does not look for it. Default: where Docker answers. */
const wanted = process.env["ESPALIER_TEST_SERVERS"] ?? "auto";

/**
 * Builds the programs that tests start, where their sources have changed. Starts a PostgreSQL for each file that is tested at a time; returns their teardown. Files share none: events are told
 * once no transaction of the server is older, so that one file's would hold back another's.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  execFileSync(process.execPath, [bootstrap], { stdio: "inherit" });
  const docker =
    wanted === "embedded"
      ? new Error("not asked for")
      : await dockerForTests().catch((error: Error) => error);
  if (wanted === "containers" && docker instanceof Error) throw docker;
  const containers = !(docker instanceof Error);
  const servers = await Promise.all(
    Array.from({ length: project.config.maxWorkers }, () => startPostgres([], { containers })),
  );
  project.provide(
    "postgresUrls",
    servers.map(({ url }) => url),
  );
  const version = await versionOf(servers[0]);
  project.provide("servers", {
    containers,
    line: containers
      ? `servers: PostgreSQL ${version} and Redis in containers of Docker ${docker}, by testcontainers`
      : `servers: PostgreSQL ${version}, embedded; ${redisOfHost() ?? "no Redis"}, of this host; no containers (${docker.message})`,
  });
  return async () => {
    await Promise.all(servers.map((server) => server.remove()));
    if (containers) await removeContainers();
  };
}

async function versionOf({ url }: PostgresServer): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    return rows[0].server_version.split(" ")[0];
  } finally {
    await client.end();
  }
}
