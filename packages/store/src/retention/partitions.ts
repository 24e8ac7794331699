import type { Database } from "../database/database.ts";
import { firstSeries } from "../runs/series.ts";
import { sqlState } from "../database/sql-error.ts";

/** So far ahead partitions are made. While no janitor runs for longer than that, rows go to the default partition. */
const daysAhead = 7;
const weeksAhead = 4;
const monthsAhead = 2;
const dayMs = 86_400_000;
/** Whoever waits for the lock of a table holds up all who come after, so nobody waits for long. */
const lockTimeout = "set local lock_timeout = '1s'";

/** A table whose rows of one span of time lie in a table of their own. */
type Partitioned = "metric_point" | "log_line" | "audit";

export interface Partition {
  name: string;
  /** First value and the one after the last, as text of the key; null where it has no such bound. */
  from: string | null;
  until: string;
  bytes: number;
}

/** The partitions of a table that have an end, the oldest first; the default one has none. */
export async function readPartitions(
  { query }: Pick<Database, "query">,
  table: Partitioned,
): Promise<Partition[]> {
  const { rows } = await query<{ name: string; bound: string; bytes: string }>(
    `select c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound, pg_total_relation_size(c.oid) as bytes
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = $1::regclass and pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT'`,
    [table],
  );
  return rows
    .map(({ name, bound, bytes }) => {
      const [, from = "", until = ""] = /FROM \((.*?)\) TO \((.*?)\)/.exec(bound) ?? [];
      const value = (text: string) => text.replaceAll("'", "");
      return {
        name,
        from: from === "MINVALUE" ? null : value(from),
        until: value(until),
        bytes: Number(bytes),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Makes the partitions of the days, weeks and months to come. An append never waits for one that is missing: its rows go to the default
 * partition, and the day or week that already has rows there stays there, where rows are deleted one by one.
 */
export async function makePartitions(database: Pick<Database, "query" | "transaction">): Promise<void> {
  const { rows } = await database.query<{ now: Date; names: string[] }>(
    `select now() as now, array(select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent in ('metric_point'::regclass, 'log_line'::regclass, 'audit'::regclass)) as names`,
  );
  const { now, names } = rows[0]!;
  const today = Math.floor(now.getTime() / dayMs);
  for (let day = today; day <= today + daysAhead; day++) {
    const name = `metric_point_${stamp(day)}`;
    if (!names.includes(name))
      await make(database, "metric_point", name, firstSeries(day), firstSeries(day + 1));
  }
  // Weeks begin on Mondays, and 1970 began on a Thursday.
  const monday = today - ((today + 3) % 7);
  for (let day = monday; day <= monday + 7 * weeksAhead; day += 7) {
    const name = `log_line_${stamp(day)}`;
    if (!names.includes(name))
      await make(database, "log_line", name, `${iso(day)} 00:00:00+00`, `${iso(day + 7)} 00:00:00+00`);
  }
  for (let ahead = 0; ahead <= monthsAhead; ahead++) {
    const [first, next] = [ahead, ahead + 1].map((months) =>
      new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months)).toISOString(),
    );
    const name = `audit_${first!.slice(0, 7).replace("-", "")}`;
    if (!names.includes(name)) await make(database, "audit", name, first!, next!);
  }
  await unlessBusy(() => database.query("select keep_partitions()"));
}

const iso = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);
const stamp = (day: number): string => iso(day).replaceAll("-", "");

async function make(
  { transaction }: Pick<Database, "transaction">,
  table: Partitioned,
  name: string,
  from: bigint | string,
  until: bigint | string,
): Promise<void> {
  await unlessBusy(() =>
    transaction(async (tx) => {
      await tx.query(lockTimeout);
      await tx.query("select make_partition($1, $2, $3, $4)", [table, name, String(from), String(until)]);
    }),
  );
}

/**
 * Drops a partition, if `needed` finds no row under the lock of it. Its bytes are freed first, under a lock that only meets those
 * who look into this partition; then the empty one is taken from its table. False where somebody held it up, or it is needed.
 * @param needed a statement that returns a row where the partition is needed
 */
export async function dropPartition(
  { transaction }: Pick<Database, "transaction">,
  table: Partitioned,
  { name }: Partition,
  needed: string,
  values: readonly unknown[],
  more?: string,
): Promise<boolean> {
  const emptied = await unlessBusy(() =>
    transaction(async (tx) => {
      await tx.query(lockTimeout);
      await tx.query(`lock table "${name}" in access exclusive mode`);
      const { rowCount } = await tx.query(needed, [...values]);
      if (rowCount !== 0) return false;
      if (more !== undefined) await tx.query(more, [...values]);
      await tx.query(`truncate "${name}"`);
      return true;
    }),
  );
  if (emptied !== true) return false;
  const dropped = await unlessBusy(() =>
    transaction(async (tx) => {
      await tx.query(lockTimeout);
      await tx.query("select drop_partition($1, $2)", [table, name]);
      return true;
    }),
  );
  return dropped === true;
}

/** Lock not available, deadlock, duplicate table or row of its catalogue, overlapping bounds, rows in the default partition, no such table. */
const busy = ["55P03", "40P01", "42P07", "23505", "42P17", "23514", "42P01"];

/**
 * Undefined where a lock was not to be had, another one did the same at this moment, or rows of the span lie in the default
 * partition; the next sweep tries again.
 */
export async function unlessBusy<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (busy.includes(sqlState(error) ?? "")) return undefined;
    throw error;
  }
}
