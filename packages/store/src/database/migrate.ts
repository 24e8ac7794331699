import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { isProblem, Problem } from "@espalier/contract";
import { toProblem } from "./database.ts";

const home = fileURLToPath(new URL("../../../../prisma/migrations", import.meta.url));
/** The lock that Prisma's own `migrate deploy` takes, so that the two exclude each other. */
export const migrationLock = 72707369;

interface Applied {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
}

/**
 * `prisma migrate deploy` without its schema engine, which has to be downloaded. Applies the folders of `prisma/migrations`
 * that the database has not had, in the order of their names, and keeps Prisma's own table `_prisma_migrations` with its
 * checksums, so that `prisma migrate status` agrees wherever it can run. Servers that start together wait for each other.
 *
 * Each file runs as one implicit transaction. One that fails leaves its row unfinished with the reason in `logs`; every
 * later deploy then stops until a person has looked: `prisma migrate resolve`, or its two statements, which the
 * error spells out. A migration that was applied and edited afterwards stops a deploy too.
 *
 * Returns the names that it applied. The connection must be direct: poolers lose the session's lock.
 */
export async function migrate(databaseUrl: string, folder = home): Promise<string[]> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  // A break shows up in the query that meets it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    // A silent one must not keep the lock.
    await client.query("set idle_session_timeout = '60s'");
    await client.query("set lock_timeout = '60s'");
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    await client.query("set lock_timeout = 0");
    return await deploy(client, folder);
  } catch (error) {
    throw toProblem(error);
  } finally {
    // Ending the session frees the lock.
    await client.end().catch(() => undefined);
  }
}

async function deploy(client: pg.Client, folder: string): Promise<string[]> {
  await client.query(
    `create table if not exists "_prisma_migrations" (
       id varchar(36) primary key not null,
       checksum varchar(64) not null,
       finished_at timestamptz,
       migration_name varchar(255) not null,
       logs text,
       rolled_back_at timestamptz,
       started_at timestamptz not null default now(),
       applied_steps_count integer not null default 0)`,
  );
  const { rows } = await client.query<Applied>(
    'select migration_name, checksum, finished_at, rolled_back_at from "_prisma_migrations" order by started_at',
  );
  const failed = rows.find((row) => row.finished_at === null && row.rolled_back_at === null);
  if (failed) throw stuck(failed.migration_name);

  const applied: string[] = [];
  for (const name of await migrationNames(folder)) {
    const sql = await readFile(join(folder, name, "migration.sql"), "utf8");
    const earlier = rows.find((row) => row.migration_name === name && row.finished_at !== null);
    if (earlier) {
      if (!checksums(sql).includes(earlier.checksum))
        throw new Problem(
          "internal/error",
          `Migration ${name} was changed after it had been applied; restore the file, and put the change into a new one.`,
          { file: name },
        );
      continue;
    }
    await apply(client, name, sql);
    applied.push(name);
  }
  return applied;
}

async function apply(client: pg.Client, name: string, sql: string): Promise<void> {
  const id = randomUUID();
  await client.query('insert into "_prisma_migrations" (id, checksum, migration_name) values ($1, $2, $3)', [
    id,
    checksum(sql),
    name,
  ]);
  try {
    await client.query(sql);
  } catch (error) {
    if (isProblem(toProblem(error))) throw error;
    await client.query('update "_prisma_migrations" set logs = $2 where id = $1', [id, describe(error)]);
    throw stuck(name, error);
  }
  await client.query(
    'update "_prisma_migrations" set finished_at = now(), applied_steps_count = 1 where id = $1',
    [id],
  );
}

const stuck = (name: string, cause?: unknown): Problem =>
  new Problem(
    "internal/error",
    `Migration ${name} failed${cause === undefined ? " earlier; its row in _prisma_migrations says why" : `: ${describe(cause)}`}. ` +
      `A failed file has changed nothing. When the cause is gone, run: UPDATE _prisma_migrations SET rolled_back_at = now() ` +
      `WHERE migration_name = '${name}' AND finished_at IS NULL; then start again.`,
    { file: name },
    { cause },
  );

const describe = (error: unknown): string => {
  if (!(error instanceof pg.DatabaseError)) return String(error);
  const { code, message, detail, position } = error;
  return [`${code}: ${message}`, detail, position && `at character ${position}`].filter(Boolean).join("; ");
};

async function migrationNames(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

const checksum = (sql: string): string => createHash("sha256").update(sql).digest("hex");

/** A checkout may have changed the ends of lines; Prisma accepts either. */
const checksums = (sql: string): string[] => {
  const unix = sql.replaceAll("\r\n", "\n");
  return [sql, unix, unix.replaceAll("\n", "\r\n")].map(checksum);
};
