import type { Database, Transaction } from "../database/database.ts";
import { mostCounted, type Sweeper } from "./sweeper.ts";

const buckets = 200;
/** The first point of a series, and three of each bucket. */
const mostKept = 1 + 3 * buckets;

const due = `from attempt a join run r on r.id = a.run_id join team t on t.id = r.team_id
  where a.sampled_at is null and a.ended_at < now() - make_interval(days => t.keep_metrics)
    and r.ended_at < now() - make_interval(days => t.keep_metrics)`;

/**
 * Copies what is kept of a series ($1) into its samples, and counts what is not: points that a later attempt measured again
 * (the series $2), and, of a longer series, all but its first point and the least, the greatest and the last of each bucket of
 * steps.
 */
const statement = `
  with mine as materialized (
    select m.step, m.value, m.after, newer.step is not null as superseded
    from metric_point m left join (
      select step from metric_point where series = any($2) union select step from metric_sample where series = any($2)
    ) newer using (step)
    where m.series = $1
  ), extent as (
    select min(step) as first, max(step) as last, count(*) as points from mine where not superseded
  ), bucket as (
    select (step - e.first)::bigint * ${buckets} / (e.last::bigint - e.first + 1) as number, max(step) as last,
      (min(array[value, step]) filter (where value is not null))[2]::int as least,
      -(max(array[value, -step]) filter (where value is not null))[2]::int as greatest
    from mine, extent e where not superseded and e.points > ${mostKept} group by 1
  ), kept as (
    select unnest(array[last, least, greatest]) as step from bucket
    union select first from extent
  ), copied as (
    insert into metric_sample (series, value, step, after)
    select $1, m.value, m.step, m.after from mine m, extent e
    where not m.superseded and (e.points <= ${mostKept} or m.step in (select step from kept))
    on conflict (series, step) do nothing returning 1
  )
  select (select count(*) from mine)::int - (select count(*) from copied)::int as dropped`;

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
        const { run_id: runId, number } = attempt;
        const dropped = await transaction((tx) => sampleAttempt(tx, runId, number));
        if (dropped > 0) return { count: dropped };
      }
    },
  };
}

/** From now on the samples of an attempt's series are its points. Returns how many points are not among them. */
async function sampleAttempt(tx: Transaction, runId: string, attempt: number): Promise<number> {
  // The run is locked, so that nobody retries it and measures again meanwhile.
  const { rowCount: ended } = await tx.query(
    "select from run where id = $1 and ended_at is not null for update",
    [runId],
  );
  if (ended === 0) return 0;
  // Nothing is known of how many rows a part of the statement has, and a loop in a loop over them would take hours.
  await tx.query("set local enable_nestloop = off");
  const { rows } = await tx.query<{ id: string; newer: string[] }>(
    `select id, array(select n.id from metric_series n where n.run_id = $1 and n.name = s.name and n.attempt > $2) as newer
     from metric_series s where run_id = $1 and attempt = $2 and sampled_at is null`,
    [runId, attempt],
  );
  let dropped = 0;
  for (const { id, newer } of rows)
    dropped += (await tx.query<{ dropped: number }>(statement, [id, newer])).rows[0]!.dropped;
  await tx.query(
    "update metric_series set sampled_at = now() where run_id = $1 and attempt = $2 and sampled_at is null",
    [runId, attempt],
  );
  await tx.query("update attempt set sampled_at = now() where run_id = $1 and number = $2", [runId, attempt]);
  return dropped;
}
