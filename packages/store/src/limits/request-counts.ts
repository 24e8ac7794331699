import type { Database } from "../database/database.ts";

/** How often something was asked in a window of time. */
export interface RequestCount {
  /** Whose requests, such as `key:key_…`. */
  name: string;
  /** When the window began; milliseconds since 1970. */
  startsAt: number;
  count: number;
}

/** What all APIs of a pool count together. It is lost when the database server crashes, which only forgets a minute. */
export interface RequestCounts {
  /** Adds what this API has counted since it last did. Returns what all have counted, of the same names and windows. */
  add(counts: readonly RequestCount[]): Promise<RequestCount[]>;
  /** Forgets windows that began longer ago than this (default: ten minutes), and returns how many counts. */
  sweep(olderThanSeconds?: number): Promise<number>;
}

export const createRequestCounts = ({ query }: Pick<Database, "query">): RequestCounts => ({
  async add(counts) {
    if (counts.length === 0) return [];
    // In the same order everywhere, so that no two APIs wait for one another.
    const sorted = counts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const { rows } = await query<{ name: string; startsAt: number; count: number }>(
      `insert into request_count as c (name, starts_at, count)
       select n, to_timestamp(s / 1000), k from unnest($1::text[], $2::float8[], $3::int[]) as t(n, s, k)
       on conflict (name, starts_at) do update set count = c.count + excluded.count
       returning name, extract(epoch from starts_at)::float8 * 1000 as "startsAt", count`,
      [
        sorted.map(({ name }) => name),
        sorted.map(({ startsAt }) => startsAt),
        sorted.map(({ count }) => count),
      ],
    );
    return rows;
  },
  async sweep(olderThanSeconds = 600) {
    const { rowCount } = await query(
      "delete from request_count where starts_at < now() - make_interval(secs => $1)",
      [olderThanSeconds],
    );
    return rowCount ?? 0;
  },
});
