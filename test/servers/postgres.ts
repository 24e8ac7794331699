import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { inject } from "vitest";
import { startPostgresContainer } from "./containers.ts";
import { inContainers } from "./kind.ts";
import { freePort } from "../../apps/cli/src/stack/port.ts";
import { preparePostgres } from "../../apps/cli/src/stack/postgres.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A PostgreSQL server of a test, on loopback, with its data in a temporary folder. */
export interface PostgresServer {
  /** `postgresql://` of its first database. */
  url: string;
  /** Fast shutdown; the data stays. */
  stop: () => Promise<void>;
  /** Ends it at once, as a crash does: what was not yet durable is lost. */
  crash: () => Promise<void>;
  /** Starts again after `stop` or `crash`, on the same port. */
  start: () => Promise<void>;
  /** Stops for good and deletes the data. */
  remove: () => Promise<void>;
}

/**
 * Starts an own PostgreSQL for tests that take it away: in a container where this run's servers are, else the one of the embedded
 * stack. Other tests share one through `freshDatabase`.
 * @param settings of the server, such as `max_connections=20`
 */
export const startPostgres = (
  settings: readonly string[] = [],
  { containers = inContainers() }: { containers?: boolean } = {},
): Promise<PostgresServer> =>
  containers ? startPostgresContainer(settings) : startEmbeddedPostgres(settings);

/** It ends with this process, however that ends. */
async function startEmbeddedPostgres(settings: readonly string[]): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "espalier-postgres-"));
  await chmod(folder, 0o755);
  const log = join(folder, "log");
  const { home, url, service } = preparePostgres({
    folder,
    home: undefined,
    port: await freePort(),
    password: randomBytes(12).toString("hex"),
    settings,
    say: () => undefined,
  });
  let child: ChildProcess | undefined;
  const start = async () => {
    await service.prepare?.();
    const output = openSync(log, "a");
    child = spawn(process.execPath, service.command, { cwd: root, stdio: ["pipe", output, output] });
    closeSync(output);
    for (const until = Date.now() + 30_000; !(await service.ready()); await sleep(20))
      if (child.exitCode !== null || Date.now() > until)
        throw new Error(`PostgreSQL did not start:\n${readFileSync(log, "utf8")}`);
  };
  const end = async (how: (host: ChildProcess) => void) => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const exited = once(running, "exit");
    how(running);
    await exited;
  };
  const stop = () => end((host) => host.kill("SIGTERM"));
  // SIGQUIT is Postgres' immediate shutdown; the next start recovers from its log.
  const crash = () =>
    end(() =>
      process.kill(Number(readFileSync(join(home, "data/postmaster.pid"), "utf8").split("\n")[0]), "SIGQUIT"),
    );
  await start();
  return {
    url,
    start,
    stop,
    crash,
    remove: async () => {
      await stop();
      await Promise.all([folder, home].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
}

/** The server of this worker of vitest, which are numbered from 1. */
const ownServer = (): string => {
  const urls = inject("postgresUrls");
  return urls[(Number(process.env["VITEST_POOL_ID"] ?? 1) - 1) % urls.length];
};

/** URL of a new, empty database on a server that later files share; it goes when the server does. */
export async function freshDatabase(server = ownServer()): Promise<string> {
  const name = `test_${randomBytes(6).toString("hex")}`;
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(`create database ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

declare module "vitest" {
  interface ProvidedContext {
    postgresUrls: string[];
  }
}
