import type { Database } from "./database.ts";

/** The connections of the server, who holds them, and the processes that may want some. */
export interface Connections {
  /** `max_connections`. */
  max: number;
  /** Of these, kept for superusers. */
  reserved: number;
  /** Without those that are kept for superusers. */
  allowed: number;
  used: number;
  /** Connections by `application_name`, most first. */
  holders: { application: string; count: number }[];
  /** API processes that are connected. */
  apis: number;
  /** ACTIVE workers. */
  workers: number;
}

/** @param database anything that sends a statement: the check of the command line has no pool */
export async function readConnections(database: Pick<Database, "query">): Promise<Connections> {
  const { rows } = await database.query<Omit<Connections, "allowed">>(
    `with held as (
       select application_name as application, count(*)::int as count from pg_stat_activity
       where datid is not null and coalesce(backend_type, 'client backend') = 'client backend' group by 1)
     select current_setting('max_connections')::int as max,
       current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int as reserved,
       (select coalesce(sum(count), 0)::int from held) as used,
       (select coalesce(json_agg(json_build_object('application', application, 'count', count) order by count desc, application), '[]')
        from held) as holders,
       (select count(*)::int from pg_stat_activity where application_name = 'espalier-scheduler-listen'
          and datname = current_database()) as apis,
       (select count(*)::int from worker where state = 'ACTIVE') as workers`,
  );
  const [row] = rows;
  return { ...row!, allowed: row!.max - row!.reserved };
}
