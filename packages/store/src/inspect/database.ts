import { fileURLToPath } from "node:url";
import pg from "pg";
import { readConnections, type Connections } from "../database/connections.ts";
import { compareGrants, readGrants } from "../database/grants.ts";
import { grantedRoleNames, ownerRole } from "../database/roles.ts";

/** What a check of a database finds that answers. */
export interface DatabaseInspection {
  /** Version of PostgreSQL. */
  version: string;
  /** Seconds by which the clock of this host is ahead of the database's. */
  clockOffset: number;
  /** Undefined: no API has migrated the database yet. */
  connections?: Connections;
  /** The token of the pool's data folder, and whether an API has written it there; undefined with `connections`. */
  folder?: { token: string; claimed: boolean };
  /** The user of the connection, and what he is that neither an API nor a worker needs to be; undefined with `connections`. */
  user?: { name: string; excess: string[] };
  /** What the roles of API and worker lack or have too much in the database; undefined with `connections`. */
  roles?: string[];
}

const patienceMs = 5_000;

/** Looks at a database over one connection, which it closes again, and changes nothing. Rejects with the driver's error. */
export async function inspectDatabase(url: string): Promise<DatabaseInspection> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "espalier-doctor",
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const asked = Date.now();
    const { rows } = await client.query<{ at: Date; version: string; migrated: boolean }>(
      `select clock_timestamp() as at, current_setting('server_version') as version,
         to_regclass('data_folder') is not null as migrated`,
    );
    const { at, version, migrated } = rows[0]!;
    const found = { version, clockOffset: ((asked + Date.now()) / 2 - at.getTime()) / 1000 };
    if (!migrated) return found;
    const { rows: folders } = await client.query<{ token: string; claimed: boolean }>(
      "select token, claimed_at is not null as claimed from data_folder",
    );
    const connections = await readConnections(client);
    const [user, roles] = [await readUser(client), await readRoles(client)];
    return { ...found, connections, user, roles, ...(folders[0] ? { folder: folders[0] } : {}) };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function readUser(client: pg.Client): Promise<{ name: string; excess: string[] }> {
  const { rows } = await client.query<{ name: string; excess: string[] }>(
    `select rolname as name, array_remove(array[
       case when rolsuper then 'a superuser' end,
       case when rolbypassrls and not rolsuper then 'not held to row-level security' end,
       case when exists (select from pg_class where relowner = u.oid and oid = 'data_folder'::regclass) then 'the owner of the tables' end
     ], null) as excess from pg_roles u where rolname = current_user`,
  );
  return rows[0]!;
}

async function readRoles(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; exists: boolean; excess: string | null }>(
    `select g.name, r.oid is not null as exists,
       case when r.rolsuper then 'a superuser' when r.rolbypassrls then 'not held to row-level security' end as excess
     from unnest($1::text[]) g (name) left join pg_roles r on r.rolname = g.name`,
    [[ownerRole, ...grantedRoleNames]],
  );
  const missing = rows.filter(({ exists }) => !exists).map(({ name }) => name);
  if (missing.length > 0) return [`There is no role ${missing.join(", ")}.`];
  const excess = rows.filter((row) => row.excess !== null).map((row) => `${row.name} is ${row.excess}.`);
  const grants = await readGrants(fileURLToPath(new URL("../../../../prisma", import.meta.url)));
  const differences = grants === undefined ? [] : await compareGrants(client, grants);
  return [...excess, ...differences.map(({ what }) => what)];
}
