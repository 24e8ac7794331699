import { Problem } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";

/** What may still be stored. */
export interface Room {
  bytes: number;
  /** Says why no more: where that is the team's quota, and not what was asked for. */
  refusal?: Problem;
}

/** How much a team stores, and may. */
export interface Space {
  /**
   * @param most what is asked for, in bytes
   * @param replaces a file of an upload that goes where the new one comes
   * @throws {Problem} `team/out-of-space` where nothing is left
   */
  room(teamId: string, most: number, replaces?: { uploadId: string; name: string }): Promise<Room>;
  /** Makes one row for each team of what was counted since, and returns how many there were. */
  fold(): Promise<number>;
}

interface Filling {
  name: string;
  allowed: number;
  stored: number;
}

const bytesOf = (row: { name: string; allowed: string; stored: string }): Filling => ({
  name: row.name,
  allowed: Number(row.allowed),
  stored: Number(row.stored),
});

/** No row for a team that may store without end. */
const filling = `select name, quota_bytes as allowed, bytes_of_team(id) as stored from team
  where id = $1 and quota_bytes is not null`;

export const createSpace = ({ query }: Database): Space => ({
  async room(teamId, most, replaces) {
    const { rows } = await query<{ name: string; allowed: string; stored: string; replaced: string }>(
      `select t.*, coalesce((select f.bytes from upload_file f where f.upload_id = $2 and f.name = $3), 0) as replaced
       from (${filling}) t`,
      [teamId, replaces?.uploadId ?? null, replaces?.name ?? null],
    );
    const [row] = rows;
    if (row === undefined) return { bytes: most };
    const team = bytesOf(row);
    const left = team.allowed - team.stored + Number(row.replaced);
    if (left >= most) return { bytes: most };
    const refusal = await outOfSpace({ query } as Transaction, teamId, team);
    if (left <= 0) throw refusal;
    return { bytes: left, refusal };
  },
  async fold() {
    const { rows } = await query<{ count: number }>(
      `with many as (select team_id from stored_bytes group by team_id having count(*) > 1),
         gone as (delete from stored_bytes where team_id in (select team_id from many) returning team_id, bytes),
         one as (insert into stored_bytes (team_id, bytes) select team_id, sum(bytes) from gone group by team_id)
       select count(*)::int as count from gone`,
    );
    return rows[0]!.count;
  },
});

/**
 * Throws `team/out-of-space` where the team stores more than it may with what this transaction has added. Those of one team that
 * add something come one after the other from here on, so that none of them can pass another.
 */
export async function admitBytes(tx: Transaction, teamId: string): Promise<void> {
  const { rowCount } = await tx.query("select from team where id = $1 and quota_bytes is not null", [teamId]);
  if (rowCount === 0) return;
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`espalier bytes ${teamId}`]);
  const { rows } = await tx.query<{ name: string; allowed: string; stored: string }>(filling, [teamId]);
  const [team] = rows.map(bytesOf);
  if (team && team.stored > team.allowed) throw await outOfSpace(tx, teamId, team, "with this ");
}

interface Large {
  noun: "model" | "dataset" | "run" | "artifact" | "upload";
  id: string;
  name: string | null;
  bytes: string;
}

/** Of so many of its largest files is told to what they belong. */
const looksAt = 50;

/** What says how much the team stores, how much it may, and what of it is largest. */
export async function outOfSpace(
  tx: Pick<Transaction, "query">,
  teamId: string,
  { name, allowed, stored }: Filling,
  now = "",
): Promise<Problem> {
  const { rows } = await tx.query<Large>(
    `select noun, id, name, sum(bytes) as bytes from (
       select a.bytes, coalesce(m.id, d.id, a.run_id, a.id) as id, coalesce(m.name, d.name) as name,
         case when m.id is not null then 'model' when d.id is not null then 'dataset'
           when a.run_id is not null then 'run' else 'artifact' end as noun
       from (select id, bytes, run_id from artifact where team_id = $1 order by bytes desc limit ${looksAt}) a
         left join lateral (select m.id, m.name from model_file f join model m on m.id = f.model_id
           where f.artifact_id = a.id order by m.id limit 1) m on true
         left join lateral (select d.id, d.name from dataset d where d.artifact_id = a.id order by d.id limit 1) d on true
       union all
       select f.bytes, u.id, null, 'upload' from upload u join upload_file f on f.upload_id = u.id
       where u.team_id = $1 and u.model_id is null
     ) large group by noun, id, name order by 4 desc, id limit 3`,
    [teamId],
  );
  const largest = rows.map(
    ({ noun, id, name, bytes }) =>
      `${noun} ${name === null ? id : `${name} (${id})`} with ${size(Number(bytes))}`,
  );
  const what = largest.length === 0 ? "" : ` Its largest: ${largest.join(", ")}.`;
  return new Problem(
    "team/out-of-space",
    `Team ${name} stores ${now}${size(stored)}, and may store ${size(allowed)}.${what} Delete what is not needed (\`espalier model rm\`, \`dataset rm\`, \`run rm --models\`), or let an operator raise its quota (\`espalier team set ${name} --bytes\`).`,
  );
}

/** `8123456` → `8.1 MB`. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || Number.isInteger(value) ? value : value.toFixed(1)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
