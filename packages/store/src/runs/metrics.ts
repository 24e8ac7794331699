import type {
  Lease,
  Metric,
  MetricPoint,
  MetricsQuery,
  Page,
  SeriesAnswer,
  SeriesRequest,
} from "@espalier/contract";
import { leaseLost } from "../attempts/end.ts";
import type { Database } from "../database/database.ts";
import { cursorOf } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso } from "../database/row.ts";
import { heldRun } from "./logs.ts";
import { readRanges } from "./ranges.ts";
import { pointsQuery, seriesOf, type Series } from "./series.ts";

export interface Metrics {
  /**
   * Writes points of the current attempt. Of several points with one name and step, the last one counts. Throws
   * `lease/lost`.
   */
  append(lease: Lease, points: readonly MetricPoint[]): Promise<void>;
  /**
   * In the order of name, step and attempt. There is one point for each name and step, unless the query asks for one
   * attempt or for discarded points.
   */
  list(teamId: string, runId: string, query?: MetricsQuery): Promise<Page<Metric>>;
  /** Of several runs and names, by ranges of steps. */
  series(teamId: string, request: SeriesRequest): Promise<SeriesAnswer>;
}

/** Names that one statement reads points of, so that a run of very many does not read a page of each. */
const namesAtOnce = 20;

const byPoint = cursorOf(["name", "int", "int"]);

interface PointRow {
  name: string;
  step: number;
  value: number | null;
  attempt: number;
  at: Date;
  sampled: boolean;
}

export function createMetrics({ prisma, query, bulk, allTeams }: Database): Metrics {
  return {
    series: (teamId, request) => readRanges({ query, allTeams }, teamId, request),
    async append(lease, points) {
      if (points.length === 0) return;
      // One statement can write a row only once.
      const last = [...new Map(points.map((point) => [`${point.name} ${point.step}`, point])).values()];
      const { rows } = await bulk<{ held: boolean }>(
        `with held as (${heldRun}), series as materialized (
           select s.id, s.name, series_time(s.id) as after from series_of((select id from held), $2, $7) s
         ), written as (
           insert into metric_point (series, value, step, after)
           select s.id, p.value, p.step, s.after
           from unnest($4::text[], $5::int[], $6::float8[]) as p(name, step, value) join series s using (name)
           on conflict (series, step) do update set value = excluded.value, after = excluded.after
         )
         select exists (select from held) as held`,
        [
          lease.runId,
          lease.attempt,
          lease.workerId,
          last.map(({ name }) => name),
          last.map(({ step }) => step),
          last.map(({ value }) => (Number.isFinite(value) ? value : null)),
          [...new Set(last.map(({ name }) => name))],
        ],
      );
      if (!rows[0]?.held) throw leaseLost(lease);
    },

    async list(teamId, runId, { limit: wanted, cursor, name, attempt, discarded = false } = {}) {
      const limit = pageLimit(wanted);
      const [afterName = "", afterStep, afterAttempt] = byPoint.read(cursor);
      found(await prisma.run.findFirst({ where: { id: runId, teamId }, select: { id: true } }), "run", runId);
      const { rows: series } = await query<Series>(
        `${seriesOf} and ($2::text is null or s.name = $2) and s.name >= $3 order by s.name, s.attempt`,
        [runId, name ?? null, afterName],
      );
      const names = [...new Set(series.map((each) => each.name))];
      const rows: PointRow[] = [];
      for (let i = 0; i < names.length && rows.length <= limit; i += namesAtOnce) {
        const some = new Set(names.slice(i, i + namesAtOnce));
        const page = await query<PointRow>(
          ...pointsQuery({
            series: series.filter((each) => some.has(each.name)),
            // Nothing of the last attempt is discarded.
            listed: (each) =>
              (attempt === undefined || each.attempt === attempt) && (!discarded || each.until !== null),
            from: (each) =>
              each.name !== afterName
                ? 0
                : Number(afterStep) + (each.attempt <= Number(afterAttempt) ? 1 : 0),
            which: discarded ? "discarded" : attempt === undefined ? "counting" : "all",
            limit: limit + 1 - rows.length,
          }),
        );
        rows.push(...page.rows);
      }
      return toPage(
        rows,
        limit,
        (row): Metric => ({
          name: row.name,
          step: row.step,
          value: row.value,
          attempt: row.attempt,
          at: iso(row.at),
          ...(row.sampled ? { sampled: true as const } : {}),
        }),
        ({ name, step, attempt }) => byPoint.write(name, step, attempt),
      );
    },
  };
}
