import type { Database } from "../database/database.ts";
import { mostCounted, portion, type Sweeper } from "./sweeper.ts";

interface Kept {
  /** Table and alias of the rows, with how they are tied to their team `t`. */
  from: string;
  /** Column of the time of a row. */
  at: string;
  /** Column of the team with the number of days. */
  keep: string;
}

/** Rows that are older than their team keeps them. The shortest of all policies is what an index can look for. */
const olderRows = (database: Pick<Database, "query">, table: string, { from, at, keep }: Kept): Sweeper => {
  const due = `from ${from}
    where ${at} < now() - make_interval(days => (select min(${keep}) from team))
      and ${at} < now() - make_interval(days => t.${keep})`;
  return {
    async survey() {
      const { rows } = await database.query<{ count: number }>(
        `select count(*)::int as count from (select 1 ${due} limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      const { rowCount } = await database.query(
        `delete from ${table} where ctid = any(array(select o.ctid ${due} limit ${portion}))`,
      );
      return { count: rowCount ?? 0 };
    },
  };
};

export const oldLogs = (database: Pick<Database, "query">): Sweeper =>
  olderRows(database, "log_line", {
    from: "log_line o join run r on r.id = o.run_id join team t on t.id = r.team_id",
    at: "o.at",
    keep: "keep_logs",
  });

export const oldEvents = (database: Pick<Database, "query">): Sweeper =>
  olderRows(database, "event", {
    from: "event o join team t on t.id = o.team_id",
    at: "o.at",
    keep: "keep_events",
  });
