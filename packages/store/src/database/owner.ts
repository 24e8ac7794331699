import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { toProblem } from "./database.ts";
import { locking, migrationLock } from "./migrate.ts";
import { ensureLogin } from "./roles.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));

/**
 * Makes the service's roles, gives the database to the owner among them, who is no superuser, and lets those log in whom the URLs name
 * (`prisma/roles.sql`, `owner.sql`). With nothing to do it changes nothing.
 * @param superuserUrl of the service's database
 * @param logins URLs of owner, API and worker, with their passwords
 */
export async function giveToOwner(superuserUrl: string, logins: readonly string[]): Promise<void> {
  const client = new pg.Client({
    connectionString: superuserUrl,
    connectionTimeoutMillis: 10_000,
    application_name: "espalier-owner",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    // An API that migrates at this moment goes first.
    await client.query("select pg_advisory_lock($1)", [migrationLock]);
    const statements = await Promise.all(
      ["roles.sql", "owner.sql"].map((name) => readFile(join(home, name), "utf8")),
    );
    await locking(client, async () => {
      for (const each of statements) await client.query(each);
    });
    for (const url of logins) await ensureLogin(client, url);
  } catch (error) {
    throw toProblem(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}
