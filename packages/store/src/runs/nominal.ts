import type { Work } from "@espalier/contract";
import type { Database } from "../database/database.ts";

/** Characters are counted as bytes, of which a token has about four. */
const bytesPerToken = 4;

/** What {@link nominalSeconds} takes of a run's work. */
export const workValues = (work: Work | undefined): unknown[] => [
  work?.seconds ?? null,
  work?.perToken ?? 0,
  work?.texts ?? null,
  work?.longest ?? null,
  work?.datasetIds ?? [],
];

/**
 * Seconds that work takes on a nominal host, with the lengths of the texts of its datasets; null where it is not known.
 * @param first the number of the first of {@link workValues}
 * @param team the parameter with the team
 */
export const nominalSeconds = (first: number, team: string): string => {
  const [seconds, perToken, texts, longest, datasets] = [0, 1, 2, 3, 4].map((i) => `$${first + i}`);
  return `(select ${seconds}::float8 + ${perToken}::float8 * coalesce(coalesce(${texts}::float8, sum(t.texts))
      * least(${longest}::float8, sum(t.bytes) / ${bytesPerToken} / nullif(sum(t.texts), 0)), 0)
    from (select d.rows::float8 * case when d.kind = 'triplets' then 3 when d.kind in ('sts', 'pair-classification', 'bitext-mining') then 2 else 1 end as texts, a.bytes::float8 as bytes
      from dataset d join artifact a on a.id = d.artifact_id where d.team_id = ${team} and d.id = any(${datasets}::text[])) t)`;
};

/** The same of a run that is not submitted. */
export async function readNominalSeconds(
  query: Database["query"],
  teamId: string,
  work: Work | undefined,
): Promise<number | null> {
  const { rows } = await query<{ seconds: number | null }>(`select ${nominalSeconds(2, "$1")} as seconds`, [
    teamId,
    ...workValues(work),
  ]);
  return rows[0]!.seconds;
}
