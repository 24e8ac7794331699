import { createHash, timingSafeEqual } from "node:crypto";
import { apiKeyId, newApiKey, newId, type ApiKey, type KeyRole } from "@espalier/contract";
import type { Database } from "../database/database.ts";
import type { ApiKey as KeyRow } from "../generated/client.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";

/** Who is calling. */
export interface Caller {
  teamId: string;
  userId?: string;
  keyId: string;
  keyName: string;
  role: KeyRole;
}

/** The API keys of teams. */
export interface Keys {
  /**
   * Makes a key. `text` (`esp_<id>_<secret><crc32>`; default: a new one) is not stored and cannot be shown again.
   * Making the same key again changes nothing but its role. The key belongs to the team's `user` (default `default`), who is
   * made if missing.
   */
  createKey(
    teamId: string,
    name: string,
    text?: string,
    role?: KeyRole,
    user?: string,
  ): Promise<{ key: ApiKey; text: string }>;
  listKeys(teamId: string): Promise<ApiKey[]>;
  revokeKey(teamId: string, keyId: string): Promise<void>;
  /** Who calls with this key; undefined when its text is malformed, unknown or revoked. */
  verify(text: string): Promise<Caller | undefined>;
}

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

export function createKeys({ prisma, query }: Database): Keys {
  return {
    async createKey(teamId, name, text = newApiKey(), role = "member", user = "default") {
      const id = apiKeyId(text);
      if (id === undefined) throw new TypeError("not the text of an API key");
      await query(
        `insert into api_key as k (id, team_id, name, hash, role, user_id) values ($1, $2, $3, $4, $5, $6)
         on conflict (id) do update set role = excluded.role where k.team_id = excluded.team_id and k.hash = excluded.hash`,
        [id, teamId, name, hashOf(text), role, await ensureUser(prisma, teamId, user)],
      );
      return { key: toKey(await prisma.apiKey.findUniqueOrThrow({ where: { id, teamId } })), text };
    },

    async listKeys(teamId) {
      return (await prisma.apiKey.findMany({ where: { teamId }, orderBy: { id: "asc" } })).map(toKey);
    },

    async revokeKey(teamId, keyId) {
      const { rows } = await query<{ id: string }>(
        "update api_key set revoked_at = coalesce(revoked_at, now()) where team_id = $1 and id = $2 returning id",
        [teamId, keyId],
      );
      found(rows[0], "API key", keyId);
    },

    async verify(text) {
      const id = apiKeyId(text);
      if (id === undefined) return undefined;
      const row = await prisma.apiKey.findUnique({ where: { id, revokedAt: null } });
      if (!row || !timingSafeEqual(row.hash, hashOf(text))) return undefined;
      // A write per minute is enough to see that a key is in use; most requests write nothing.
      await query(
        `update api_key set last_used_at = now()
         where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
        [id],
      );
      return {
        teamId: row.teamId,
        keyId: id,
        keyName: row.name,
        role: row.role as KeyRole,
        ...present({ userId: row.userId }),
      };
    },
  };
}

const toKey = ({ id, teamId, userId, name, role, createdAt, lastUsedAt, revokedAt }: KeyRow): ApiKey => ({
  id,
  teamId,
  name,
  role: role as KeyRole,
  createdAt: iso(createdAt),
  ...present({ userId, lastUsedAt: isoOrNull(lastUsedAt), revokedAt: isoOrNull(revokedAt) }),
});

/** The id of the team's user of this name, who is made if missing. */
export async function ensureUser(prisma: Database["prisma"], teamId: string, name: string): Promise<string> {
  await prisma.teamUser.createMany({ data: { id: newId("user"), teamId, name }, skipDuplicates: true });
  return (await prisma.teamUser.findUniqueOrThrow({ where: { teamId_name: { teamId, name } } })).id;
}
