import { isProblem } from "@espalier/contract";
import type { Bytes } from "../bytes/bytes.ts";
import type { Database } from "../database/database.ts";
import type { Sweeper } from "./sweeper.ts";

const objectsAtOnce = 100;

/** Condition: something still refers to an object `d` or, where it is a folder, to one in it. */
export const isReferred = `(
  exists (select from artifact a where a.location collate "C" = d.location)
  or exists (select from artifact a where a.location collate "C" > d.location || '/' and a.location collate "C" < d.location || '0')
  or exists (select from upload_file f where split_part(d.location, '/', 1) = 'uploads'
    and f.upload_id = split_part(d.location, '/', 2) and f.location = d.location)
  or exists (select from attempt t where split_part(d.location, '/', 1) = 'runs' and t.run_id = split_part(d.location, '/', 2)
    and (t.checkpoint -> 'stored' ->> 'location' = d.location or split_part(d.location, '/', 3) = ''))
)`;

/** The bytes of what was deleted, the oldest first. What could not be removed is tried again an hour later. */
export function discardedObjects({ query }: Pick<Database, "query">, bytes: Pick<Bytes, "remove">): Sweeper {
  return {
    async survey() {
      const { rows } = await query<{ count: number; bytes: string }>(
        `select count(*)::int as count, coalesce(sum(d.bytes), 0) as bytes from discarded_object d where not ${isReferred}`,
      );
      return { count: rows[0]!.count, bytes: Number(rows[0]!.bytes) };
    },
    async sweep() {
      const { rows } = await query<{ location: string; bytes: string | null; referred: boolean }>(
        `select d.location, d.bytes, ${isReferred} as referred from discarded_object d
         where d.due_at <= now() order by d.due_at limit ${objectsAtOnce}`,
      );
      const swept = { count: 0, bytes: 0 };
      for (const { location, bytes: size, referred } of rows) {
        // What is used again, such as a file of an upload whose import failed, is discarded anew when its last user goes.
        // The folder of a run that is gone waits for the last artifact in it.
        if (referred) {
          await (location.split("/").length > 2 ? forget(location) : postpone(location));
          continue;
        }
        try {
          await bytes.remove(location);
        } catch (error) {
          if (isProblem(error) && error.code === "request/invalid") await forget(location);
          else await postpone(location);
          continue;
        }
        await forget(location);
        swept.count += 1;
        swept.bytes += Number(size ?? 0);
      }
      return swept;
    },
  };

  async function forget(location: string): Promise<void> {
    await query("delete from discarded_object where location = $1", [location]);
  }
  async function postpone(location: string): Promise<void> {
    await query("update discarded_object set due_at = now() + interval '1 hour' where location = $1", [
      location,
    ]);
  }
}
