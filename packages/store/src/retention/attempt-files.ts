import type { Bytes } from "../bytes/bytes.ts";
import type { Database } from "../database/database.ts";
import { mostCounted, type Sweeper } from "./sweeper.ts";

const attemptsAtOnce = 50;

const due = `from attempt a join run r on r.id = a.run_id join team t on t.id = r.team_id
  where a.swept_at is null and a.ended_at < now() - make_interval(days => t.keep_files)`;

/**
 * What attempts left behind: steps that a lost one had saved and not recorded, results of one that failed while it published.
 * An attempt that has ended writes no row any more, so that a file without one never gets one.
 */
export function attemptFiles(
  { query, transaction }: Pick<Database, "query" | "transaction">,
  bytes: Pick<Bytes, "list">,
): Sweeper {
  return {
    async survey() {
      const { rows } = await query<{ count: number }>(
        `select count(*)::int as count from (select 1 ${due} limit ${mostCounted}) counted`,
      );
      return { count: rows[0]!.count };
    },
    async sweep() {
      const { rows } = await query<{ run_id: string; number: number }>(
        `select a.run_id, a.number ${due} order by a.ended_at limit ${attemptsAtOnce}`,
      );
      let freed = 0;
      for (const { run_id: runId, number } of rows) {
        const files = await bytes.list(`runs/${runId}/a${number}`);
        freed += await transaction(async (tx) => {
          const { rows: discarded } = await tx.query<{ bytes: string }>(
            `insert into discarded_object (location, bytes, reason)
             select f.location, f.bytes, 'left behind' from unnest($2::text[], $3::bigint[]) f (location, bytes)
             where not exists (select from artifact x where x.location collate "C" = f.location)
               and not exists (select from attempt x where x.run_id = $1 and x.checkpoint -> 'stored' ->> 'location' = f.location)
             on conflict (location) do nothing returning bytes`,
            [runId, files.map(({ location }) => location), files.map((file) => file.bytes)],
          );
          await tx.query("update attempt set swept_at = now() where run_id = $1 and number = $2", [
            runId,
            number,
          ]);
          return discarded.reduce((sum, each) => sum + Number(each.bytes), 0);
        });
      }
      return { count: rows.length, bytes: freed };
    },
  };
}
