import type { Database } from "./database.ts";

/** Connections that the server gives to the service, and the processes that want some. */
export interface Connections {
  /** `max_connections` without those that are reserved for superusers. */
  allowed: number;
  /** API processes that are connected. */
  apis: number;
  /** ACTIVE workers. */
  workers: number;
}

export async function readConnections({ query }: Pick<Database, "query">): Promise<Connections> {
  const { rows } = await query<{ allowed: number; apis: number; workers: number }>(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as allowed,
       (select count(*)::int from pg_stat_activity where application_name = 'espalier-scheduler-listen'
          and datname = current_database()) as apis,
       (select count(*)::int from worker where state = 'ACTIVE') as workers`,
  );
  const [row] = rows;
  return row!;
}
