import type { Database } from "../database/database.ts";
import { mostCounted, portion, type Sweeper } from "./sweeper.ts";

interface Kept {
  /** Table and alias `o` of the rows, with how they are tied to their team `t`. */
  from: string;
  /** Columns that find a row. */
  key: string;
  /** Column of the team with the number of days. */
  keep: string;
  /** What else must hold for a row to be deleted. */
  and?: string;
}

/** Rows that are older than their team keeps them. The shortest of all policies is what an index can look for. */
const olderRows = (
  database: Pick<Database, "query">,
  table: string,
  { from, key, keep, and = "true" }: Kept,
): Sweeper => {
  const due = `from ${from}
    where o.at < now() - make_interval(days => (select min(${keep}) from team))
      and o.at < now() - make_interval(days => t.${keep}) and ${and}`;
  const columns = key.replaceAll(/\w+/g, "o.$&");
  return {
    async survey() {
      const { rows } = await database.query<{ count: number }>(
        `select count(*)::int as count from (select 1 ${due} limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      const { rowCount } = await database.query(
        `with due as materialized (select ${columns} ${due} limit ${portion})
         delete from ${table} o using due where (${columns}) = (${key.replaceAll(/\w+/g, "due.$&")})`,
      );
      return { count: rowCount ?? 0 };
    },
  };
};

/**
 * Lines go with their week where no other team keeps its lines for longer. A line that is two weeks too old lies in a partition
 * that is longer than a week, or in the default one.
 */
export const oldLogs = (database: Pick<Database, "query">): Sweeper =>
  olderRows(database, "log_line", {
    from: "log_line o join run r on r.id = o.run_id join team t on t.id = r.team_id",
    key: "run_id, seq, at",
    keep: "keep_logs",
    and: `(o.at < now() - make_interval(days => t.keep_logs + 14)
      or exists (select from team longer where coalesce(longer.keep_logs, 1000000) > t.keep_logs))`,
  });

export const oldEvents = (database: Pick<Database, "query">): Sweeper =>
  olderRows(database, "event", {
    from: "event o join team t on t.id = o.team_id",
    key: "xid, seq",
    keep: "keep_events",
  });
