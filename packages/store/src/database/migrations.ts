import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import { Problem } from "@espalier/contract";
import { describeError } from "./sql-error.ts";

/** A file of `prisma/migrations`, which changes tables and data once. */
export interface Migration {
  name: string;
  sql: string;
}

interface Recorded {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
}

/** Prisma's own table, as its `migrate deploy` makes it. */
const table = `create table if not exists "_prisma_migrations" (
  id varchar(36) primary key not null,
  checksum varchar(64) not null,
  finished_at timestamptz,
  migration_name varchar(255) not null,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz not null default now(),
  applied_steps_count integer not null default 0)`;

/**
 * The migrations of `folder` that the database has not had, in the order of their names.
 * @throws {Problem} `internal/error` where an earlier one has failed, or was changed after it had been applied
 */
export async function pendingMigrations(client: Client, folder: string): Promise<Migration[]> {
  const { rows: found } = await client.query<{ exists: boolean }>(
    `select to_regclass('"_prisma_migrations"') is not null as exists`,
  );
  // Whoever may make no tables may still see that there is nothing to do.
  if (!found[0]!.exists) await client.query(table);
  const { rows } = await client.query<Recorded>(
    'select migration_name, checksum, finished_at, rolled_back_at from "_prisma_migrations"',
  );
  const failed = rows.find((row) => row.finished_at === null && row.rolled_back_at === null);
  if (failed) throw failedMigration(failed.migration_name);

  const pending: Migration[] = [];
  for (const { name, sql } of await readMigrations(folder)) {
    const applied = rows.find((row) => row.migration_name === name && row.finished_at !== null);
    if (applied === undefined) pending.push({ name, sql });
    else if (!checksums(sql).includes(applied.checksum))
      throw new Problem(
        "internal/error",
        `Migration ${name} was changed after it had been applied; restore the file, and put the change into a new one.`,
        { file: name },
      );
  }
  return pending;
}

/** Applies one migration in the open transaction, and records it. Throws the database's error. */
export async function applyMigration(client: Client, { name, sql }: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    `insert into "_prisma_migrations" (id, checksum, migration_name, started_at)
     values ($1, $2, $3, clock_timestamp())`,
    [id, checksum(sql), name],
  );
  await client.query(sql);
  await client.query(
    'update "_prisma_migrations" set finished_at = clock_timestamp(), applied_steps_count = 1 where id = $1',
    [id],
  );
}

/** Records that a migration has failed, so that no later deploy tries it again before a person has looked. */
export async function recordFailure(
  client: Client,
  { name, sql }: Migration,
  error: unknown,
): Promise<Problem> {
  await client.query(
    'insert into "_prisma_migrations" (id, checksum, migration_name, logs) values ($1, $2, $3, $4)',
    [randomUUID(), checksum(sql), name, describeError(error)],
  );
  return failedMigration(name, error);
}

const failedMigration = (name: string, cause?: unknown): Problem =>
  new Problem(
    "internal/error",
    `Migration ${name} failed${cause === undefined ? " earlier; its row in _prisma_migrations says why" : `: ${describeError(cause)}`}. ` +
      `A failed file has changed nothing. When the cause is gone, run: UPDATE _prisma_migrations SET rolled_back_at = now() ` +
      `WHERE migration_name = '${name}' AND finished_at IS NULL; then start again.`,
    { file: name },
    { cause },
  );

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      sql: await readFile(join(folder, name, "migration.sql"), "utf8"),
    })),
  );
}

const checksum = (sql: string): string => createHash("sha256").update(sql).digest("hex");

/** Checksums with either kind of line ends, because a checkout may change them; Prisma accepts both too. */
const checksums = (sql: string): string[] => {
  const unix = sql.replaceAll("\r\n", "\n");
  return [sql, unix, unix.replaceAll("\n", "\r\n")].map(checksum);
};
