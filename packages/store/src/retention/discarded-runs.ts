import type { Database } from "../database/database.ts";
import { mostCounted, portion, type Sweeper } from "./sweeper.ts";

/** What a portion deletes: run $1. Points go before their series, by which they are found. */
const parts = [
  `delete from log_line where (run_id, seq, at) in (select run_id, seq, at from log_line where run_id = $1 limit ${portion})`,
  ...["metric_point", "metric_sample"].map(
    (table) => `delete from ${table} where (series, step) in (
      select p.series, p.step from metric_series s join ${table} p on p.series = s.id where s.run_id = $1 limit ${portion})`,
  ),
  "delete from metric_series where run_id = $1",
];

/** Log lines and points of runs that were deleted: however many there are, the deletion itself did not wait for them. */
export function discardedRuns({ query }: Pick<Database, "query">): Sweeper {
  return {
    async survey() {
      const { rows } = await query<{ count: number }>(
        `select count(*)::int as count from (select 1 from discarded_run limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      const { rows } = await query<{ id: string }>("select id from discarded_run order by since, id limit 1");
      const [run] = rows;
      if (run === undefined) return { count: 0 };
      for (const part of parts) while ((await query(part, [run.id])).rowCount === portion);
      await query("delete from discarded_run where id = $1", [run.id]);
      return { count: 1 };
    },
  };
}
