import { leaseLost } from "./attempt-end.ts";
import type { Database } from "./database.ts";
import { heldRun } from "./logs.ts";
import { matchCursor, pageLimit, toPage } from "./page.ts";
import { found, iso } from "./row.ts";
import type { Lease, Metric, MetricPoint, Page, PageQuery } from "@espalier/contract";

export interface Metrics {
  /** Writes points of the current attempt; the newest attempt wins per (run, name, step). Throws `lease/lost`. */
  append(lease: Lease, points: readonly MetricPoint[]): Promise<void>;
  /** By name, then step. */
  list(teamId: string, runId: string, query?: PageQuery & { name?: string }): Promise<Page<Metric>>;
}

export function createMetrics({ query }: Database): Metrics {
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
           on conflict (run_id, name, step) do update
           set value = excluded.value, attempt = excluded.attempt, at = excluded.at
           where metric.attempt <= excluded.attempt
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

    async list(teamId, runId, { limit: wanted, cursor, name } = {}) {
      const limit = pageLimit(wanted);
      const [, afterName, afterStep] =
        cursor === undefined ? [] : matchCursor(cursor, /^(\S{1,64}):(\d{1,10})$/);
      const { rows: runs } = await query<{ id: string }>(
        "select id from run where team_id = $1 and id = $2",
        [teamId, runId],
      );
      found(runs[0], "run", runId);
      const { rows } = await query<{
        name: string;
        step: number;
        value: number | null;
        attempt: number;
        at: Date;
      }>(
        `select name, step, value, attempt, at from metric
         where run_id = $1 and ($2::text is null or name = $2)
           and ($3::text is null or (name, step) > ($3, $4::int))
         order by name, step limit $5`,
        [runId, name ?? null, afterName ?? null, afterStep ?? null, limit + 1],
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
        (row) => `${row.name}:${row.step}`,
      );
    },
  };
}
