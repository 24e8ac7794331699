import { leaseLost } from "../attempts/end.ts";
import type { Database } from "../database/database.ts";
import { heldRun } from "./logs.ts";
import { matchCursor, pageLimit, toPage } from "../database/page.ts";
import { found, iso } from "../database/row.ts";
import type { Lease, Metric, MetricPoint, MetricsQuery, Page } from "@espalier/contract";

export interface Metrics {
  /** Writes points of the current attempt; the last one of a (name, step) counts. Throws `lease/lost`. */
  append(lease: Lease, points: readonly MetricPoint[]): Promise<void>;
  /** By name, then step, then attempt: one point of each (name, step), unless an attempt or what is discarded is asked for. */
  list(teamId: string, runId: string, query?: MetricsQuery): Promise<Page<Metric>>;
}

/** Of each attempt the last step that every later one built upon, -1 where one began anew; null: there is no later one. */
const kept = `kept as (
  select number as attempt, (
    select min(coalesce(later.resumed_step, -1)) from attempt later
    where later.run_id = $1 and later.number > a.number) as until
  from attempt a where run_id = $1)`;

/**
 * Whether a point is the run's value of its (name, step). An attempt that could not use its checkpoint begins anew, and so
 * measures again what is kept: then the newest value is the one.
 */
const counts = `(
  coalesce(m.step <= (select until from kept where kept.attempt = m.attempt), true) and not exists (
    select from metric newer
    where newer.run_id = m.run_id and newer.name = m.name and newer.step = m.step and newer.attempt > m.attempt))`;

export function createMetrics({ prisma, query }: Database): Metrics {
  return {
    async append(lease, points) {
      if (points.length === 0) return;
      // One statement may touch a row once: of points with the same name and step the last one counts.
      const last = [...new Map(points.map((point) => [`${point.name} ${point.step}`, point])).values()];
      const { rows } = await query<{ held: boolean }>(
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
        cursor === undefined ? [] : matchCursor(cursor, /^(\S{1,64}):(\d{1,10}):(\d{1,10})$/);
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
      }>(
        `with ${kept}
         select m.name, m.step, m.value, m.attempt, m.at from metric m
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
        }),
        (row) => `${row.name}:${row.step}:${row.attempt}`,
      );
    },
  };
}
