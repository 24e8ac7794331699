/**
 * What one attempt measured under one name. Its points are rows of `metric_point` until it is down-sampled, and of
 * `metric_sample` after that; rows of it that are still in `metric_point` then count no more.
 */
export interface Series {
  /** Days from 1970 to the day on which it began, times 2^32, plus a number of its own. */
  id: string;
  name: string;
  attempt: number;
  sampled: boolean;
  /** The last step that all later attempts have built upon; -1 when one of them began again, null when there is no later one. */
  until: number | null;
}

/** The series of run $1, those of one name together, in the order of attempts. */
export const seriesOf = `select s.id, s.name, s.attempt, s.sampled_at is not null as sampled, (
    select min(coalesce(later.resumed_step, -1)) from attempt later
    where later.run_id = s.run_id and later.number > s.attempt) as until
  from metric_series s where s.run_id = $1`;

/** Number of the first series of a day that can be. @param day days since 1970 */
export const firstSeries = (day: number): bigint => BigInt(day) << 32n;

/** Time of a point `p` of a series `s`. */
const pointTime = "to_timestamp((s.id >> 32) * 86400 + p.after / 100.0)";

const largest = 2 ** 31;

/** Which points of a series are read. */
export interface PointsQuery {
  series: readonly Series[];
  /** Of which series; all others only say which of these points count. */
  listed: (series: Series) => boolean;
  /** The first step to be read of a series. */
  from: (series: Series) => number;
  which: "counting" | "discarded" | "all";
  limit: number;
}

/**
 * Reads points in the order of name, step and attempt.
 *
 * An attempt that cannot use its checkpoint begins again and measures steps again that are kept; then the newest value counts.
 * The bounds of the numbers are given as values, so that PostgreSQL looks only into the partitions of these days.
 */
export function pointsQuery({ series, listed, from, which, limit }: PointsQuery): [string, unknown[]] {
  const ids = series.map(({ id }) => BigInt(id)).sort((a, b) => (a < b ? -1 : 1));
  /** From one of the tables: points `p` of a series `of` that has its points there. */
  const fromTable = (table: "metric_point" | "metric_sample", p: string, of: string) =>
    table === "metric_point"
      ? `from metric_point ${p} where not ${of}.sampled and ${p}.series = ${of}.id and ${p}.series between $7 and $8`
      : `from metric_sample ${p} where ${of}.sampled and ${p}.series = ${of}.id`;
  const tables = ["metric_point", "metric_sample"] as const;
  const measuredAgain = tables.map(
    (table) => `exists (select ${fromTable(table, "q", "newer")} and q.step = p.step)`,
  );
  const counts = `p.step <= s.until and not exists (
    select from s newer where newer.name = s.name and newer.attempt > s.attempt and (${measuredAgain.join(" or ")}))`;
  const wanted = { counting: counts, discarded: `not (${counts})`, all: "true" }[which];
  const last = which === "counting" ? "s.until" : largest;
  // Each part is read in the order of its key, and no further than the page goes.
  const parts = tables.map(
    (table) => `(select p.step, p.value, p.after ${fromTable(table, "p", "s")}
       and p.step between s.first and ${last} and ${wanted} order by p.step limit $9)`,
  );
  return [
    `with s as materialized (
       select * from unnest($1::bigint[], $2::text[], $3::int[], $4::bool[], $5::bigint[], $6::bigint[])
         as s (id, name, attempt, sampled, until, first)
     )
     select s.name, p.step, p.value, s.attempt, ${pointTime} as at, s.sampled
     from s cross join lateral (${parts.join(" union all ")}) p
     order by s.name, p.step, s.attempt limit $9`,
    [
      series.map(({ id }) => id),
      series.map(({ name }) => name),
      series.map(({ attempt }) => attempt),
      series.map(({ sampled }) => sampled),
      series.map(({ until }) => until ?? largest),
      series.map((each) => (listed(each) ? from(each) : largest)),
      String(ids[0]),
      String(ids.at(-1)),
      limit,
    ],
  ];
}
