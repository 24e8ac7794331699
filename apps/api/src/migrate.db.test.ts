import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { newId } from "@espalier/contract";
import { openDeliveryQueues } from "@espalier/queue";
import { actFor, openStore } from "@espalier/store";
import { inspectDatabase } from "@espalier/store/inspect";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase, startPostgres, type PostgresServer } from "../../../test/servers/postgres.ts";
import { cpu } from "../../../test/servers/store.ts";
import { readConfig } from "./config.ts";
import { makeOwner, migrateDatabase } from "./migrate.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let bytesRoot: string;
beforeAll(async () => {
  bytesRoot = await mkdtemp(join(tmpdir(), "espalier-owner-"));
});
afterAll(() => rm(bytesRoot, { recursive: true }));

async function sql<Row extends object>(url: string, ...statements: string[]): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: Row[] = [];
    for (const each of statements) ({ rows } = await client.query<Row>(each));
    return rows;
  } finally {
    await client.end();
  }
}

/** The same database for a user whose password is his name. */
function as(databaseUrl: string, user: string): string {
  const url = new URL(databaseUrl);
  [url.username, url.password] = [user, user];
  return url.href;
}

const configOf = (databaseUrl: string, owner: string) =>
  readConfig({
    DATABASE_URL: as(databaseUrl, "espalier_api"),
    ESPALIER_DATABASE_SUPERUSER_URL: databaseUrl,
    ESPALIER_DATABASE_OWNER_URL: as(databaseUrl, owner),
    ESPALIER_WORKER_DATABASE_URL: as(databaseUrl, "espalier_worker"),
    ESPALIER_DATA: bytesRoot,
  });

/** What the API warns of while it migrates. */
async function warningsOf(config: ReturnType<typeof readConfig>): Promise<string[]> {
  const lines: string[] = [];
  await migrateDatabase(config, pino({ level: "warn" }, { write: (line) => void lines.push(line) }));
  return lines;
}

/** An API and a worker do their work as their roles, teams are kept apart, and the owner is none who may do all; else it throws. */
async function worksWith(databaseUrl: string, owner: string): Promise<true> {
  expect(await warningsOf(configOf(databaseUrl, owner))).toEqual([]);
  const api = await openStore({ databaseUrl: as(databaseUrl, "espalier_api"), bytesRoot, role: "api" });
  const worker = await openStore({
    databaseUrl: as(databaseUrl, "espalier_worker"),
    bytesRoot,
    role: "worker",
  });
  try {
    const [{ id: teamId }, { id: other }] = [
      await api.teams.ensure("mine"),
      await api.teams.ensure("theirs"),
    ];
    const spec = { kind: "prune" as const, model: newId("model"), layers: 1 };
    const seen = async (team: string) =>
      (await actFor({ tenant: { teamId: team } }, () => api.runs.list(teamId))).items.length;
    await actFor({ tenant: { teamId } }, () => api.runs.submit({ teamId, spec }));
    expect([await seen(teamId), await seen(other)]).toEqual([1, 0]);
    await worker.workers.register({ name: "w", host: "here", version: "0", devices: [cpu] });
    const queue = await openDeliveryQueues({ databaseUrl: as(databaseUrl, "espalier_worker") });
    await queue.close();
  } finally {
    await Promise.all([api.close(), worker.close()]);
  }
  // Row-level security shows the owner all rows, which he migrates.
  expect(await sql(as(databaseUrl, owner), "select count(*)::int as runs from run")).toEqual([{ runs: 1 }]);
  const { user, roles } = await inspectDatabase(as(databaseUrl, owner));
  expect(user).toEqual({ name: owner, excess: ["the owner of the tables"] });
  expect(roles).toEqual([]);
  return true;
}

describe("on a server on which the owner's user may make roles, and is no superuser", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it("he makes them, migrates, and lets API and workers in", async () => {
    await sql(
      server.url,
      "create role maker login createrole password 'maker'",
      "create database made owner maker",
    );
    const url = new URL(server.url);
    url.pathname = "/made";
    expect(await worksWith(url.href, "maker")).toBe(true);
  });
});

describe("on a server with a superuser", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.remove());

  it("he gives a database that was his to the owner, with all that is in it", async () => {
    const databaseUrl = await freshDatabase(server.url);
    const config = configOf(databaseUrl, "espalier_owner");
    // As a version before this one has left it.
    await warningsOf({ ...config, ownerUrl: databaseUrl });
    const foreign = () =>
      sql(
        databaseUrl,
        `select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           where nspname in ('public', 'bullmq') and relowner <> 'espalier_owner'::regrole
         union all select proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where nspname in ('public', 'bullmq') and proowner <> 'espalier_owner'::regrole
         union all select nspname from pg_namespace where nspname = 'bullmq' and nspowner <> 'espalier_owner'::regrole`,
      );
    expect((await foreign()).length).toBeGreaterThan(100);
    await makeOwner(config);
    expect(await foreign()).toEqual([]);
    expect(await worksWith(databaseUrl, "espalier_owner")).toBe(true);
    await makeOwner(config);
    await expect(makeOwner({ ...config, superuserUrl: undefined } as never)).rejects.toThrow(
      "ESPALIER_DATABASE_SUPERUSER_URL",
    );
  });

  it("an API to which row-level security would show no team's rows does not start, and says which grant is missing", async () => {
    const databaseUrl = await freshDatabase(server.url);
    const config = configOf(databaseUrl, "espalier_owner");
    await makeOwner(config);
    expect(await warningsOf(config)).toEqual([]);
    const open = async (user: string) =>
      (await openStore({ databaseUrl: as(databaseUrl, user), bytesRoot, role: "api" })).close();
    await sql(databaseUrl, "revoke espalier_pool from espalier_api");
    await expect(open("espalier_api")).rejects.toThrow("GRANT espalier_pool TO espalier_api;");
    await sql(databaseUrl, "grant espalier_pool to espalier_api");
    await open("espalier_api");
    await sql(databaseUrl, "create role my_api login password 'my_api'");
    await expect(open("my_api")).rejects.toThrow("GRANT espalier_api TO my_api;");
    await sql(databaseUrl, "grant espalier_api to my_api");
    await open("my_api");
  });

  const psql = spawnSync("psql", ["--version"]).status === 0;
  const why = psql ? undefined : "there is no psql (Debian: postgresql-client)";
  it.skipIf(why)(
    `the statements for administrators in docs/operations.md make all that is needed${why ? ` (skipped: ${why})` : ""}`,
    async () => {
      const page = await readFile(join(root, "docs/operations.md"), "utf8");
      const [, block = ""] = /```psql\n([^`]*)```/.exec(page)!;
      const statements = block.replaceAll(
        /alter role (\w+)( login)? password '…'/g,
        (_, role: string, login = "") => `alter role ${role}${login} password '${role}'`,
      );
      expect(statements).not.toContain("…");
      const [postgres, espalier] = ["postgres", "espalier"].map((name) => {
        const url = new URL(server.url);
        url.pathname = `/${name}`;
        return url.href;
      });
      await sql(postgres, "drop database if exists espalier");
      for (const again of [statements, statements.replace(/^create database.*$/m, "")]) {
        const { status, stderr } = spawnSync(
          "psql",
          ["--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file=-", postgres],
          {
            cwd: root,
            input: again,
            encoding: "utf8",
          },
        );
        expect(status, stderr).toBe(0);
      }
      expect(await worksWith(espalier, "espalier_owner")).toBe(true);
    },
  );
});
