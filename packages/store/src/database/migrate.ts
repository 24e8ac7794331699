import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { isProblem } from "@espalier/contract";
import { toProblem } from "./database.ts";
import { compareGrants, type Grants } from "./grants.ts";
import { applyMigration, pendingMigrations, recordFailure, type Migration } from "./migrations.ts";
import { applyRepeatables, compareRepeatables, readRepeatables, type Repeatables } from "./repeatables.ts";
import { ensureLogin, ensureRoles } from "./roles.ts";
import { isLockConflict } from "./sql-error.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
/** The lock that Prisma's own `migrate deploy` takes, so that the two exclude each other. */
export const migrationLock = 72707369;
/**
 * While the deploy waits for the lock of a table, everybody else has to wait for that table too. So it gives up after a
 * moment, lets the others go on, and tries again.
 */
const lockSeconds = 5;
const lockTries = 24;

/** What a deploy has done. */
export interface Migrated {
  /** Names of the migrations that it applied, in their order. */
  migrations: string[];
  /** What happened to functions, views and triggers. `newer`: a newer version of the service made them, so they stay. */
  repeatables: "unchanged" | "applied" | "newer";
  /** What the roles of API and worker lack or have too much, which this user cannot mend; see docs/operations.md. */
  roles: string[];
}

/**
 * `prisma migrate deploy` without its schema engine, which has to be downloaded. Applies the migrations of `prisma` that the
 * database has not had, in the order of their names, and keeps Prisma's own table `_prisma_migrations` with its checksums,
 * so that `prisma migrate status` agrees wherever it can run. Then it makes functions, views and triggers what their files
 * say, if they have changed or a migration was applied. All of that is one transaction; a deploy with nothing to do touches
 * no table of the service. Servers that start together wait for each other.
 *
 * A migration that fails leaves an unfinished row with the reason in `logs`; every later deploy then stops until a person
 * has looked: `prisma migrate resolve`, or its two statements, which the error spells out. A migration that was applied and
 * edited afterwards stops a deploy too.
 *
 * Last it makes the roles of API and worker, and what they may do, what `prisma/grants.json` says, where its user may.
 *
 * The connection must be direct: poolers lose the session's lock.
 *
 * @param databaseUrl of the owner of the tables; another user is refused where there is anything to migrate
 * @param logins URLs of API and worker: where they name the roles themselves, these get their passwords
 */
export async function migrate(
  databaseUrl: string,
  folder = home,
  logins: readonly string[] = [],
): Promise<Migrated> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    application_name: "espalier-migrate",
  });
  // An error of the connection also rejects the query that is open.
  client.on("error", () => undefined);
  try {
    await client.connect();
    // A client that has disappeared must not keep the lock.
    await client.query("set idle_session_timeout = '60s'");
    await client.query("set lock_timeout = '60s'");
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    return await deploy(client, folder, logins);
  } catch (error) {
    throw toProblem(error);
  } finally {
    // Ending the session frees the lock.
    await client.end().catch(() => undefined);
  }
}

async function deploy(client: pg.Client, folder: string, logins: readonly string[]): Promise<Migrated> {
  const missing = await ensureRoles(client, await readFile(join(home, "roles.sql"), "utf8"));
  const pending = await pendingMigrations(client, join(folder, "migrations"));
  const repeatables = await readRepeatables(folder);
  const compared = await compareRepeatables(client, repeatables);
  const newer = compared === "newer";
  const stale = !newer && (compared === "older" || pending.length > 0);
  if (stale || pending.length > 0) await apply(client, pending, stale ? repeatables : undefined);
  const roles =
    missing.length > 0
      ? missing.map((what) => `${what} An administrator has to run prisma/roles.sql.`)
      : newer || repeatables.grants === undefined
        ? []
        : await settleGrants(client, repeatables.grants);
  for (const url of logins) await ensureLogin(client, url);
  return {
    roles,
    migrations: pending.map(({ name }) => name),
    repeatables: newer ? "newer" : stale ? "applied" : "unchanged",
  };
}

/** Applies everything in one transaction. */
async function apply(
  client: pg.Client,
  migrations: readonly Migration[],
  repeatables: Repeatables | undefined,
): Promise<void> {
  let current: Migration | undefined;
  try {
    await locking(client, async () => {
      for (current of migrations) await applyMigration(client, current);
      current = undefined;
      if (repeatables) await applyRepeatables(client, repeatables);
    });
  } catch (error) {
    if (current === undefined || isLockConflict(error) || isAway(error)) throw error;
    throw await recordFailure(client, current, error);
  }
}

/** Makes what the roles may do what the file says, where this user is the owner; returns what remains. */
async function settleGrants(client: pg.Client, grants: Grants): Promise<string[]> {
  const differences = await compareGrants(client, grants);
  if (differences.length === 0) return [];
  const { rows } = await client.query<{ owns: boolean }>(
    `select pg_has_role(min(relowner), 'usage') as owns from pg_class where oid = '"_repeatables"'::regclass`,
  );
  if (!rows[0]?.owns) return differences.map(({ what }) => what);
  await locking(client, async () => {
    for (const statement of differences.flatMap(({ mend }) => mend)) await client.query(statement);
  });
  return (await compareGrants(client, grants)).map(({ what }) => what);
}

const isAway = (error: unknown): boolean => isProblem(toProblem(error)) && !isProblem(error);

/** Does `work` in a transaction that waits for no lock for long, again until it has them all. */
export async function locking(client: pg.Client, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries++) {
    await client.query("begin");
    try {
      await client.query(`set local lock_timeout = '${lockSeconds}s'`);
      await work();
      await client.query("commit");
      return;
    } catch (error) {
      if (isAway(error)) throw error;
      await client.query("rollback");
      if (!isLockConflict(error) || tries === lockTries) throw error;
      await sleep(1_000);
    }
  }
}
