import pg from "pg";
import { readConnections, type Connections } from "../database/connections.ts";

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
    return { ...found, connections, ...(folders[0] ? { folder: folders[0] } : {}) };
  } finally {
    await client.end().catch(() => undefined);
  }
}
