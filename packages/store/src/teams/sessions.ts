import { apiKeyId, newApiKey, type ApiKey } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import { found } from "../database/row.ts";
import { hashOf, type Keys } from "./keys.ts";
import { expiresAt, keyWithOpener, valid } from "./valid-key.ts";

/** For how long a session lasts, in seconds. */
export interface SessionTimes {
  /** From when it was opened, whatever is done with it. */
  lasts: number;
  /** Without a request; an open stream of events counts as one. */
  idle: number;
}

/**
 * Sessions of browsers. A session is a key that only its cookie carries: what holds for keys (the role, the hash, the end at once of what
 * it has opened, the audit log) holds for it, through every API of the pool and after any restart.
 */
export interface Sessions {
  /** A session of whoever has this key, which is valid. It may what the key may, and ends with it. */
  openSession(keyId: string, times: SessionTimes): Promise<{ key: ApiKey; text: string }>;
  /** Deletes the sessions that ended more than a day ago. */
  sweepSessions(): Promise<void>;
}

export const createSessions = (
  { query, transaction }: Pick<Database, "query" | "transaction">,
  { getKey }: Pick<Keys, "getKey">,
): Sessions => ({
  async openSession(openerId, { lasts, idle }) {
    const text = newApiKey();
    const id = apiKeyId(text)!;
    const { teamId } = await transaction(async (tx) => {
      const { rows } = await tx.query<{ teamId: string }>(
        `insert into api_key (id, team_id, name, hash, role, operator, user_id, expires_at, idle_seconds, opener_id)
         select $2, k.team_id, k.name, $3, k.role, k.operator, k.user_id,
           least(${expiresAt}, now() + make_interval(secs => $4)), $5, k.id
         from ${keyWithOpener} where k.id = $1 and k.idle_seconds is null and ${valid} returning team_id as "teamId"`,
        [openerId, id, hashOf(text), lasts, idle],
      );
      return { id, teamId: found(rows[0], "key", openerId).teamId };
    });
    return { key: await getKey(teamId, id), text };
  },

  async sweepSessions() {
    await query(
      `delete from api_key where idle_seconds is not null
         and least(revoked_at, expires_at, coalesce(last_used_at, created_at) + make_interval(secs => idle_seconds))
           < now() - interval '1 day'`,
    );
  },
});
