import type { Database } from "../database/database.ts";
import type { Sweeper } from "./sweeper.ts";

const runsAtOnce = 100;

/**
 * Condition on run `r` and its team `t`: no retry goes on from its checkpoints any more. An hour after its end, all who have
 * just seen it end have also read what they wanted.
 */
const isDue = `(r.state in ('SUCCEEDED', 'CANCELLED') and r.ended_at < now() - interval '1 hour'
  or r.ended_at < now() - make_interval(days => t.keep_checkpoints))`;

/** The checkpoints of runs that have ended. A run that is retried is locked, and its checkpoint stays. */
export function checkpoints({ query, transaction }: Pick<Database, "query" | "transaction">): Sweeper {
  return {
    async survey() {
      const { rows } = await query<{ count: number; bytes: string }>(
        `select count(*)::int as count, coalesce(sum((a.checkpoint -> 'stored' ->> 'bytes')::bigint), 0) as bytes
         from attempt a join run r on r.id = a.run_id join team t on t.id = r.team_id
         where a.checkpoint is not null and ${isDue}`,
      );
      return { count: rows[0]!.count, bytes: Number(rows[0]!.bytes) };
    },
    sweep: () =>
      transaction(async (tx) => {
        const { rows: due } = await tx.query<{ id: string }>(
          `select r.id from run r join team t on t.id = r.team_id
           where ${isDue} and exists (select from attempt a where a.run_id = r.id and a.checkpoint is not null)
           limit ${runsAtOnce} for update of r skip locked`,
        );
        const { rows } = await tx.query<{ bytes: string }>(
          `with gone as (
             select run_id, number, checkpoint -> 'stored' as stored from attempt
             where run_id = any($1) and checkpoint is not null
           ), discarded as (
             insert into discarded_object (location, bytes, reason)
             select distinct on (stored ->> 'location') stored ->> 'location', (stored ->> 'bytes')::bigint, 'checkpoint' from gone
             on conflict (location) do nothing
           ), forgotten as (
             update attempt a set checkpoint = null, checkpoint_step = null, checkpoint_at = null from gone
             where a.run_id = gone.run_id and a.number = gone.number
           )
           select stored ->> 'bytes' as bytes from gone`,
          [due.map(({ id }) => id)],
        );
        return { count: rows.length, bytes: rows.reduce((sum, { bytes }) => sum + Number(bytes), 0) };
      }),
  };
}
