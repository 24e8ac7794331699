import type { Database, Transaction } from "../database/database.ts";
import { readPartitions, unlessBusy, type Partition } from "./partitions.ts";
import { mostCounted, portion, type Sweeper } from "./sweeper.ts";

/** A day of which so many points still count is not written anew. */
const mostMoved = 1_000_000;
/** A day that is not dropped so long after one of its series was sampled is held by another series. */
const since = "interval '2 days'";

const due = `from metric_series s where s.raw and s.sampled_at < now() - ${since}`;

/**
 * Points that were down-sampled, of a day that is still needed: by a team that keeps its points for longer, or by a run that goes
 * on for weeks. Where few points of a day still count, they are written anew and all others go at once; else rows are deleted
 * in portions.
 */
export function supersededPoints(database: Pick<Database, "query" | "transaction">): Sweeper {
  const { query, transaction } = database;
  return {
    async survey() {
      const { rows } = await query<{ count: number }>(
        `select count(*)::int as count from (select 1 ${due} limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      const { rows } = await query<{ id: string }>(`select s.id ${due} order by s.sampled_at limit 1`);
      const [series] = rows;
      if (series === undefined) return { count: 0 };
      const day = (await readPartitions(database, "metric_point")).find(
        ({ from, until }) => BigInt(from ?? 0) <= BigInt(series.id) && BigInt(series.id) < BigInt(until),
      );
      const together = day && (await unlessBusy(() => transaction((tx) => keepUnsampled(tx, day))));
      if (together !== undefined) return { count: together };
      return transaction(async (tx) => {
        const { rowCount } = await tx.query(
          `delete from metric_point where series = $1 and step in (
             select step from metric_point where series = $1 order by step limit ${portion})`,
          [series.id],
        );
        if ((rowCount ?? 0) < portion)
          await tx.query("update metric_series set raw = false where id = $1", [series.id]);
        // The series itself counts, so that one without points does not end the sweep.
        return { count: 1 };
      });
    },
  };
}

/** Writes a partition anew with the points that still count; undefined where they are too many. Returns how many series went. */
async function keepUnsampled(tx: Transaction, { name, from, until }: Partition): Promise<number | undefined> {
  const range = [from ?? "0", until];
  await tx.query("set local lock_timeout = '1s'");
  await tx.query(`lock table "${name}" in access exclusive mode`);
  const { rowCount } = await tx.query(
    `select 1 from metric_series s cross join lateral (select from "${name}" p where p.series = s.id limit ${mostMoved + 1}) p
     where s.id >= $1 and s.id < $2 and s.sampled_at is null offset ${mostMoved} limit 1`,
    range,
  );
  if (rowCount !== 0) return undefined;
  await tx.query(
    `create temporary table kept on commit drop as select p.* from metric_series s join "${name}" p on p.series = s.id
     where s.id >= ${range[0]} and s.id < ${range[1]} and s.sampled_at is null`,
  );
  await tx.query(`truncate "${name}"`);
  await tx.query(`insert into "${name}" select * from kept`);
  const { rowCount: gone } = await tx.query(
    "update metric_series set raw = false where id >= $1 and id < $2 and raw and sampled_at is not null",
    range,
  );
  return gone ?? 0;
}
