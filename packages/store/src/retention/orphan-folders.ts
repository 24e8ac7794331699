import type { Bytes } from "../bytes/bytes.ts";
import type { Database } from "../database/database.ts";
import { isReferred } from "./discarded.ts";
import type { Sweeper } from "./sweeper.ts";

const nouns = { runs: "run", uploads: "upload", datasets: "dataset" } as const;
type Place = keyof typeof nouns;
const places = Object.keys(nouns) as Place[];
/** Longer than any worker that was cut off goes on, and than a person needs to find out that an old dump was restored. */
const graceSeconds = 7 * 86_400;
const namesAtOnce = 500;
/** Names that one sweep looks at; the next one goes on behind them. */
const namesASweep = 5_000;

/**
 * Folders of which there is no row: a worker that was cut off has written there after its run was deleted. Who has a row is never
 * touched, so no living attempt is; and no id is given twice, so that no row comes later for a folder that is that old.
 */
export function orphanFolders(
  { query }: Pick<Database, "query">,
  bytes: Pick<Bytes, "folders" | "unchangedFor" | "list">,
): Sweeper {
  /** What is still to be looked at of the present round. */
  let remaining: { place: Place; name: string }[] = [];

  async function isOrphan(location: string): Promise<boolean> {
    return ((await bytes.unchangedFor(location)) ?? 0) > graceSeconds;
  }
  async function orphansAmong(
    place: Place,
    names: readonly string[],
  ): Promise<{ location: string; bytes: number }[]> {
    const { rows } = await query<{ location: string }>(
      `select d.location from (select name as id, $1 || '/' || name as location from unnest($2::text[]) name) d
       where not exists (select from ${nouns[place]} x where x.id = d.id) and not ${isReferred}
         and not exists (select from discarded_object o where o.location = d.location)`,
      [place, names],
    );
    const orphans = [];
    for (const { location } of rows)
      if (await isOrphan(location)) {
        const files = await bytes.list(location);
        orphans.push({ location, bytes: files.reduce((sum, file) => sum + file.bytes, 0) });
      }
    return orphans;
  }
  async function next(from: typeof remaining): Promise<{ location: string; bytes: number }[]> {
    const orphans = [];
    for (const place of places) {
      const names = from.filter((each) => each.place === place).map(({ name }) => name);
      for (let i = 0; i < names.length; i += namesAtOnce)
        orphans.push(...(await orphansAmong(place, names.slice(i, i + namesAtOnce))));
    }
    return orphans;
  }
  async function all(): Promise<typeof remaining> {
    const found = [];
    for (const place of places) for (const name of await bytes.folders(place)) found.push({ place, name });
    return found;
  }
  const swept = (orphans: readonly { bytes: number }[]) => ({
    count: orphans.length,
    bytes: orphans.reduce((sum, each) => sum + each.bytes, 0),
  });

  return {
    async survey() {
      return swept(await next((remaining.length > 0 ? remaining : await all()).slice(0, namesASweep)));
    },
    async sweep() {
      if (remaining.length === 0) remaining = await all();
      const orphans = await next(remaining.slice(0, namesASweep));
      // They go the way of all that was deleted, which looks once more whether something refers to them.
      await query(
        `insert into discarded_object (location, bytes, reason) select location, bytes, 'no row'
         from unnest($1::text[], $2::bigint[]) o (location, bytes) on conflict (location) do nothing`,
        [orphans.map(({ location }) => location), orphans.map((each) => each.bytes)],
      );
      remaining = remaining.slice(namesASweep);
      return swept(orphans);
    },
  };
}
