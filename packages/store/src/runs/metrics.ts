import { leaseLost } from "../attempts/end.ts";
import type { Database } from "../database/database.ts";
import { heldRun } from "./logs.ts";
import { matchCursor, pageLimit, toPage } from "../database/page.ts";
import { found, iso } from "../database/row.ts";
import type { Lease, Metric, MetricPoint, MetricsQuery, Page } from "@espalier/contract";

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
}

/**
 * For each attempt, the last step that all later attempts have built upon; -1 when one of them began again, null when there
 * is no later one.
 */
const kept = `kept as (
  select number as attempt, (
    select min(coalesce(later.resumed_step, -1)) from attempt later
    where later.run_id = $1 and later.number > a.number) as until
  from attempt a where run_id = $1)`;

/**
 * Condition: a point is the run's value for its name and step. An attempt that cannot use its checkpoint begins again and
 * measures steps again that are kept; then the newest value counts.
 */
const counts = `(
  coalesce(m.step <= (select until from kept where kept.attempt = m.attempt), true) and not exists (
    select from metric newer
    where newer.run_id = m.run_id and newer.name = m.name and newer.step = m.step and newer.attempt > m.attempt))`;

export function createMetrics({ prisma, query, bulk }: Database): Metrics {
  return {
    async append(lease, points) {
      if (points.length === 0) return;
      // One statement can write a row only once.
      const last = [...new Map(points.map((point) => [`${point.name} ${point.step}`, point])).values()];
      const { rows } = await bulk<{ held: boolean }>(
        `with held as (${heldRun}), written as (
           insert into metric (run_id, name, step, value, attempt)
           select held.id, p.name, p.step, p.value, $2
           from held, unnest($4::text[], $5::int[], $6::float8[]) as p(name, step, value)
           on conflict (run_id, name, step, attempt) do update set value = excluded.value, at = excluded.at
         )
         select exists (select from held) as held`,
        [
          lease.runId,
          lease.attempt,
          lease.workerId,
          last.map(({ name }) => name),
          last.map(({ step }) => step),
          last.map(({ value }) => (Number.isFinite(value) ? value : null)),
        ],
      );
      if (!rows[0]?.held) throw leaseLost(lease);
    },

    async list(teamId, runId, { limit: wanted, cursor, name, attempt, discarded = false } = {}) {
      const limit = pageLimit(wanted);
      const [, afterName, afterStep, afterAttempt] =
        cursor === undefined ? [] : matchCursor(cursor, /^(\S{1,200}):(\d{1,10}):(\d{1,10})$/);
      found(
        await prisma.run.findUnique({ where: { id: runId, teamId }, select: { id: true } }),
        "run",
        runId,
      );
      const which = discarded ? `not ${counts}` : attempt === undefined ? counts : "true";
      const { rows } = await query<{
        name: string;
        step: number;
        value: number | null;
        attempt: number;
        at: Date;
        sampled: boolean;
      }>(
        `with ${kept}
         select m.name, m.step, m.value, m.attempt, m.at, exists (select from attempt a
             where a.run_id = $1 and a.number = m.attempt and a.sampled_at is not null) as sampled
         from metric m
         where m.run_id = $1 and ($2::text is null or m.name = $2) and ($7::int is null or m.attempt = $7)
           and ($3::text is null or (m.name, m.step, m.attempt) > ($3, $4::int, $5::int)) and ${which}
         order by m.name, m.step, m.attempt limit $6`,
        [
          runId,
          name ?? null,
          afterName ?? null,
          afterStep ?? null,
          afterAttempt ?? null,
          limit + 1,
          attempt ?? null,
        ],
      );
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
        (row) => `${row.name}:${row.step}:${row.attempt}`,
      );
    },
  };
}
