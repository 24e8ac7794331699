import type { Database } from "../database/database.ts";
import { sqlState } from "../database/sql-error.ts";
import { dropPartition, makePartitions, readPartitions, type Partition } from "./partitions.ts";
import type { Sweeper } from "./sweeper.ts";

/** Of the series from $1 to before $2, one of which the points count. */
const unsampled = "select 1 from metric_series where id >= $1 and id < $2 and sampled_at is null limit 1";
const forget = "update metric_series set raw = false where id >= $1 and id < $2 and raw";
/** A row where the lines before $1 are kept by a team, and there are any that are not older than the shortest policy. */
const kept = (name: string) => `
  select 1 from team having max(coalesce(keep_logs, 1000000)) > extract(epoch from now() - $1::timestamptz) / 86400
    and (min(coalesce(keep_logs, 1000000)) > extract(epoch from now() - $1::timestamptz) / 86400 or exists (select from "${name}"))`;

/**
 * Days of points that were all down-sampled, and weeks of log lines that are older than any team keeps them: dropped whole,
 * which costs the same whatever is in them.
 */
export function pastPartitions(database: Pick<Database, "query" | "transaction">): Sweeper {
  const { query } = database;

  /** Days that are over, also for a transaction that began at their end. */
  async function days(): Promise<{ partition: Partition; values: string[] }[]> {
    const { rows } = await query<{ yesterday: string }>(
      "select (floor(extract(epoch from now()) / 86400)::bigint - 1) << 32 as yesterday",
    );
    const yesterday = BigInt(rows[0]!.yesterday);
    return (await readPartitions(database, "metric_point"))
      .filter(({ until }) => BigInt(until) <= yesterday)
      .map((partition) => ({ partition, values: [partition.from ?? "0", partition.until] }));
  }
  async function weeks(): Promise<{ partition: Partition; values: string[] }[]> {
    return (await readPartitions(database, "log_line")).map((partition) => ({
      partition,
      values: [partition.until],
    }));
  }
  async function isNeeded(statement: string, values: unknown[]): Promise<boolean> {
    return query(statement, values).then(
      ({ rowCount }) => rowCount !== 0,
      (error: unknown) => {
        // Another sweep has dropped the partition since it was listed.
        if (sqlState(error) === "42P01") return true;
        throw error;
      },
    );
  }
  async function past() {
    const found = [];
    for (const { partition, values } of await days())
      if (!(await isNeeded(unsampled, values)))
        found.push({ table: "metric_point", partition, values, needed: unsampled, more: forget } as const);
    for (const { partition, values } of await weeks()) {
      const needed = kept(partition.name);
      if (!(await isNeeded(needed, values)))
        found.push({ table: "log_line", partition, values, needed, more: undefined } as const);
    }
    return found;
  }

  return {
    async survey() {
      const found = await past();
      return { count: found.length, bytes: found.reduce((sum, { partition }) => sum + partition.bytes, 0) };
    },
    async sweep() {
      await makePartitions(database);
      const swept = { count: 0, bytes: 0 };
      for (const { table, partition, values, needed, more } of await past()) {
        if (!(await dropPartition(database, table, partition, needed, values, more))) continue;
        swept.count += 1;
        swept.bytes += partition.bytes;
      }
      return swept;
    },
  };
}
