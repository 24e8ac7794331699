import { apiKeyId, newApiKey, newId, type ApiKey, type Me, type TeamRole } from "@espalier/contract";
import type { Database, Transaction } from "../database/database.ts";
import { present } from "../database/row.ts";
import { hashOf, type Keys } from "./keys.ts";
import type { SessionTimes } from "./sessions.ts";

/** Somebody whom an OpenID provider has signed in, and what that gives in a team. */
export interface Identity {
  issuer: string;
  /** The provider's own id of the person, which it gives to nobody else. */
  subject: string;
  /** What the user is called who is made at the first time; with a number after it where the team has another of this name. */
  userName: string;
  teamId: string;
  role: TeamRole;
  operator: boolean;
  /** All teams that the person is in. */
  memberships: Me["teams"];
  /** What the provider has signed, which ends the sign-in there. */
  idToken: string;
}

/** What is kept of how somebody has signed in. */
export type IdentitySignIn = Pick<Identity, "memberships"> & Partial<Pick<Identity, "idToken">>;

/** A longer token is not kept, as no address could hold it. */
const longestToken = 8_000;

export interface Identities {
  /** A session of this person, who is a user of the team from then on. */
  openIdentitySession(identity: Identity, times: SessionTimes): Promise<{ key: ApiKey; text: string }>;
  /** Undefined for a key, and for a session that a key has opened. */
  identitySignIn(sessionId: string): Promise<IdentitySignIn | undefined>;
}

export const createIdentities = (
  { query, transaction }: Pick<Database, "query" | "transaction">,
  { getKey }: Pick<Keys, "getKey">,
): Identities => ({
  async openIdentitySession(identity, { lasts, idle }) {
    const { teamId, role, operator, memberships, idToken } = identity;
    const text = newApiKey();
    const id = apiKeyId(text)!;
    await transaction(async (tx) => {
      const userId = await userOf(tx, identity);
      await tx.query(
        `insert into api_key (id, team_id, name, hash, role, operator, user_id, expires_at, idle_seconds, memberships, id_token)
         values ($1, $2, 'browser', $3, $4, $5, $6, now() + make_interval(secs => $7), $8, $9, $10)`,
        [
          id,
          teamId,
          hashOf(text),
          role,
          operator,
          userId,
          lasts,
          idle,
          JSON.stringify(memberships),
          idToken.length > longestToken ? null : idToken,
        ],
      );
      return { id };
    });
    return { key: await getKey(teamId, id), text };
  },

  async identitySignIn(sessionId) {
    const { rows } = await query<{ memberships: Me["teams"]; idToken: string | null }>(
      `select memberships, id_token as "idToken" from api_key where id = $1 and memberships is not null`,
      [sessionId],
    );
    const [row] = rows;
    return row && { memberships: row.memberships, ...present({ idToken: row.idToken }) };
  },
});

/** The user who this person is in the team: the same for ever, whatever the provider calls the person later. */
async function userOf(tx: Transaction, { issuer, subject, userName, teamId }: Identity): Promise<string> {
  // Two first sign-ins at the same moment make one user.
  await tx.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`identity ${teamId}`]);
  const known = await tx.query<{ userId: string }>(
    `select user_id as "userId" from identity where issuer = $1 and subject = $2 and team_id = $3`,
    [issuer, subject, teamId],
  );
  if (known.rows[0]) return known.rows[0].userId;
  const id = newId("user");
  await tx.query(
    `insert into team_user (id, team_id, name)
     select $1, $2, name from (select case n when 1 then $3 else $3 || '-' || n end as name, n from generate_series(1, 1000) n) names
     where not exists (select from team_user where team_id = $2 and team_user.name = names.name) order by n limit 1`,
    [id, teamId, userName],
  );
  await tx.query("insert into identity (issuer, subject, team_id, user_id) values ($1, $2, $3, $4)", [
    issuer,
    subject,
    teamId,
    id,
  ]);
  return id;
}
