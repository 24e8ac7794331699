import type { Database } from "../database/database.ts";
import { mostCounted, type Sweeper } from "./sweeper.ts";

const buckets = 200;
/** The first point of a series, and three of each bucket. */
const mostKept = 1 + 3 * buckets;
const pointsAtOnce = 50_000;

const due = `from attempt a join run r on r.id = a.run_id join team t on t.id = r.team_id
  where a.sampled_at is null and a.ended_at < now() - make_interval(days => t.keep_metrics)
    and r.ended_at < now() - make_interval(days => t.keep_metrics)`;

/**
 * Deletes a portion of the points of an attempt ($1 run, $2 attempt) that are not kept: those that a later attempt measured
 * again, and, of a longer series, all but its first point and the least, the greatest and the last of each bucket of steps. What
 * is kept does not depend on how much was deleted before, so the portions add up to the same whatever comes between them.
 */
const statement = `
  with mine as materialized (
    select m.name, m.step, m.value, newer.step is not null as superseded
    from metric m left join (select distinct name, step from metric where run_id = $1 and attempt > $2) newer using (name, step)
    where m.run_id = $1 and m.attempt = $2
  ), series as (
    select name, min(step) as first, max(step) as last, count(*) as points from mine where not superseded group by name
  ), bucket as (
    select name, (step - s.first)::bigint * ${buckets} / (s.last::bigint - s.first + 1) as number, max(step) as last,
      (min(array[value, step]) filter (where value is not null))[2]::int as least,
      -(max(array[value, -step]) filter (where value is not null))[2]::int as greatest
    from mine join series s using (name) where not superseded and s.points > ${mostKept} group by 1, 2
  ), kept as (
    select name, unnest(array[last, least, greatest]) as step from bucket
    union select name, first from series where points > ${mostKept}
  ), dropped as (
    select name, step from mine where superseded
    union all
    select m.name, m.step from mine m join series s using (name) left join kept k using (name, step)
    where not m.superseded and s.points > ${mostKept} and k.step is null
    limit ${pointsAtOnce}
  )
  delete from metric m using dropped d
  where m.run_id = $1 and m.attempt = $2 and m.name = d.name and m.step = d.step`;

/** Metrics of runs that ended longer ago than their team keeps all points. */
export function oldMetrics({ query, transaction }: Pick<Database, "query" | "transaction">): Sweeper {
  return {
    async survey() {
      const { rows } = await query<{ count: number }>(
        `select count(*)::int as count from (select 1 ${due} limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      for (;;) {
        // Oldest first: of two attempts that measured one step, the earlier one is sampled while the later point is there.
        const { rows } = await query<{ run_id: string; number: number }>(
          `select a.run_id, a.number ${due} order by a.ended_at, a.number limit 1`,
        );
        const [attempt] = rows;
        if (attempt === undefined) return { count: 0 };
        const values = [attempt.run_id, attempt.number];
        // The run is locked, so that nobody retries it and measures again meanwhile.
        const deleted = await transaction(async (tx) => {
          await tx.query("select from run where id = $1 and ended_at is not null for update", [
            attempt.run_id,
          ]);
          // Nothing is known of how many rows a part of the statement has, and a loop in a loop over them would take hours.
          await tx.query("set local enable_nestloop = off");
          const { rowCount } = await tx.query(statement, values);
          if (rowCount === 0)
            await tx.query("update attempt set sampled_at = now() where run_id = $1 and number = $2", values);
          return rowCount ?? 0;
        });
        if (deleted > 0) return { count: deleted };
      }
    },
  };
}
