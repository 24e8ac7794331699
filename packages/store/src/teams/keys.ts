import { createHash, timingSafeEqual } from "node:crypto";
import {
  apiKeyId,
  newApiKey,
  newId,
  Problem,
  type ApiKey,
  type KeyCreate,
  type KeyQuery,
  type KeyRotate,
  type Page,
  type TeamRole,
  momentOf,
} from "@espalier/contract";
import type { Database } from "../database/database.ts";
import type { ApiKey as KeyRow } from "../generated/client.ts";
import { byId } from "../database/cursor.ts";
import { pageLimit, toPage } from "../database/page.ts";
import { found, iso, isoOrNull, present } from "../database/row.ts";
import { expiresAt, keyWithOpener, revokedAt, valid } from "./valid-key.ts";

/** Who is calling. */
export interface Caller {
  teamId: string;
  teamName: string;
  userId?: string;
  /** `default` for a key that is nobody's. */
  userName: string;
  keyId: string;
  keyName: string;
  /** In its team. */
  role: TeamRole;
  /** Whether the key is a pool operator's too. */
  operator: boolean;
  /** It is a browser's session. */
  session: boolean;
  /** The key that opened the session. */
  openedBy?: string;
}

/** Whom a key belongs to, or why it opens nothing: its text is none of a key, or the key is not known, was revoked, or ended. */
export type SignIn =
  | { caller: Caller }
  | { refusal: "malformed" }
  | { refusal: "unknown"; keyId: string }
  | { refusal: "revoked" | "expired"; keyId: string; since: string };

export interface NewKey extends KeyCreate {
  /** `esp_<id>_<secret><crc32>`; default: a new one. It is not stored and cannot be shown again. */
  text?: string;
}

/** The API keys of teams. */
export interface Keys {
  /**
   * Makes a key. Making the same key again changes nothing but its role. It belongs to the team's `user` (default `default`), who is
   * made if missing.
   */
  createKey(teamId: string, key: NewKey): Promise<{ key: ApiKey; text: string }>;
  /**
   * Makes `text` an admin's and operator's key of the team, as whoever starts the service asks for, and revokes those that were
   * given so before. A key that was revoked or has ended stays so, and then the others stay too.
   */
  bootstrapKey(teamId: string, text: string): Promise<{ retired: string[] } | { dead: ApiKey }>;
  /** The name of a valid key of an admin of the team; undefined where there is none. */
  adminKey(teamId: string): Promise<string | undefined>;
  /** Newest first; of a user only, or all of a team. Those that were revoked or have ended only where they are asked for. */
  listKeys(
    teamId: string,
    query?: Omit<KeyQuery, "team"> & { userId?: string | undefined },
  ): Promise<Page<ApiKey>>;
  /** Throws `resource/not-found`; of every team where none is given. */
  getKey(teamId: string | undefined, keyId: string): Promise<ApiKey>;
  /**
   * Makes a key like this one, which ends when the overlap does if it does not end before.
   * @param rotation `expiresAt`: default when the old key would end
   * @throws {Problem} `resource/conflict` for a key that was revoked or has ended, and for the one that the API was started with
   */
  rotateKey(teamId: string, keyId: string, rotation: KeyRotate): Promise<{ key: ApiKey; text: string }>;
  /** Ends it at once. A key that was revoked before stays as it is. */
  revokeKey(teamId: string, keyId: string): Promise<ApiKey>;
  /** Which of these keys are still valid. They are in use: sessions among them do not end for want of requests. */
  validKeys(keyIds: readonly string[]): Promise<Set<string>>;
  /**
   * Asks the database each time, so that a key that was revoked a moment ago opens nothing.
   * @param session whether a session's cookie has the text; default false, and then no session is known
   */
  verify(text: string, session?: boolean): Promise<SignIn>;
}

interface VerifyRow extends Omit<Caller, "userId" | "openedBy"> {
  userId: string | null;
  openedBy: string | null;
  hash: Buffer;
  revokedAt: Date | null;
  expiredAt: Date | null;
  used: boolean;
}

const verifying = `select k.team_id as "teamId", t.name as "teamName", k.user_id as "userId", coalesce(u.name, 'default') as "userName",
    k.id as "keyId", k.name as "keyName", k.role, k.operator, k.idle_seconds is not null as session, k.opener_id as "openedBy", k.hash,
    ${revokedAt} as "revokedAt", case when ${expiresAt} <= now() then ${expiresAt} end as "expiredAt",
    coalesce(k.last_used_at > now() - interval '1 minute', false) as used
  from ${keyWithOpener} join team t on t.id = k.team_id left join team_user u on u.id = k.user_id where k.id = $1`;

export const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();

export function createKeys({ prisma, query, transaction }: Database): Keys {
  const getKey: Keys["getKey"] = async (teamId, keyId) =>
    toKey(
      found(
        await prisma.apiKey.findFirst({ where: { id: keyId, ...(teamId === undefined ? {} : { teamId }) } }),
        "key",
        keyId,
      ),
    );

  return {
    async createKey(teamId, { name, user = "default", role = "member", operator = false, ...key }) {
      const { text = newApiKey(), expiresAt = null } = key;
      const id = apiKeyId(text);
      if (id === undefined) throw new TypeError("not the text of an API key");
      const userId = await ensureUser(prisma, teamId, user);
      await transaction(async (tx) => {
        await tx.query(
          `insert into api_key as k (id, team_id, name, hash, role, operator, user_id, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
           on conflict (id) do update set role = excluded.role, operator = excluded.operator
           where k.team_id = excluded.team_id and k.hash = excluded.hash`,
          [id, teamId, name, hashOf(text), role, operator, userId, expiresAt && momentOf(expiresAt)],
        );
        return { id };
      });
      return { key: await getKey(teamId, id), text };
    },

    async bootstrapKey(teamId, text) {
      const { key } = await this.createKey(teamId, { name: "first", role: "admin", operator: true, text });
      const signIn = await this.verify(text);
      if ("refusal" in signIn) {
        if (signIn.refusal === "unknown")
          throw new Error(`Another key has the id ${key.id} of the bootstrap key; make a new one.`);
        return { dead: key };
      }
      const { rows } = await query<{ id: string }>(
        `update api_key set bootstrap = true, revoked_at = case when id = $2 then revoked_at else now() end
         where team_id = $1 and revoked_at is null and (id = $2 or bootstrap) returning id`,
        [teamId, key.id],
      );
      return { retired: rows.map(({ id }) => id).filter((id) => id !== key.id) };
    },

    async adminKey(teamId) {
      const { rows } = await query<{ name: string }>(
        `select k.name from ${keyWithOpener}
         where k.team_id = $1 and k.role = 'admin' and k.idle_seconds is null and ${valid} order by k.id limit 1`,
        [teamId],
      );
      return rows[0]?.name;
    },

    async listKeys(teamId, { limit: wanted, cursor, ended = false, sessions = false, userId } = {}) {
      const limit = pageLimit(wanted);
      const rows = await query<{ id: string }>(
        `select k.id from ${keyWithOpener} where k.team_id = $1 and ($2::text is null or k.id < $2) and ($3 or ${valid})
           and ($4::text is null or k.user_id = $4) and ($5 or k.idle_seconds is null) order by k.id desc limit $6`,
        [teamId, byId.read(cursor)[0], ended, userId, sessions, limit + 1],
      );
      const ids = rows.rows.map(({ id }) => id);
      const keys = await prisma.apiKey.findMany({ where: { id: { in: ids } }, orderBy: { id: "desc" } });
      return toPage(keys, limit, toKey, ({ id }) => id);
    },

    getKey,

    async rotateKey(teamId, keyId, { overlapSeconds = 86_400, expiresAt }) {
      const text = newApiKey();
      const id = apiKeyId(text)!;
      await transaction(async (tx) => {
        const { rows } = await tx.query<{ valid: boolean; bootstrap: boolean; session: boolean }>(
          `select ${valid} as valid, k.bootstrap, k.idle_seconds is not null as session
           from ${keyWithOpener} where k.team_id = $1 and k.id = $2 for update of k`,
          [teamId, keyId],
        );
        const old = found(rows[0], "key", keyId);
        if (!old.valid)
          throw new Problem("resource/conflict", `Key ${keyId} was revoked or has ended; make a new one.`);
        if (old.session)
          throw new Problem(
            "resource/conflict",
            `${keyId} is a browser's session, which is not rotated; sign in again.`,
          );
        if (old.bootstrap)
          throw new Problem(
            "resource/conflict",
            `The API was started with key ${keyId} (ESPALIER_BOOTSTRAP_KEY); start it with another one, which revokes this one.`,
          );
        await tx.query(
          `insert into api_key (id, team_id, name, hash, role, operator, user_id, expires_at)
           select $3, team_id, name, $4, role, operator, user_id, coalesce($5, expires_at) from api_key where team_id = $1 and id = $2`,
          [teamId, keyId, id, hashOf(text), expiresAt && momentOf(expiresAt)],
        );
        await tx.query(
          `update api_key set expires_at = least(expires_at, now() + make_interval(secs => $3)) where team_id = $1 and id = $2`,
          [teamId, keyId, overlapSeconds],
        );
      });
      return { key: await getKey(teamId, id), text };
    },

    async revokeKey(teamId, keyId) {
      await transaction((tx) =>
        tx.query(
          "update api_key set revoked_at = coalesce(revoked_at, now()) where team_id = $1 and id = $2",
          [teamId, keyId],
        ),
      );
      return getKey(teamId, keyId);
    },

    async validKeys(keyIds) {
      const { rows } = await query<{ id: string }>(
        `with used as (
           update api_key set last_used_at = now() from
             (select k.id from ${keyWithOpener} where k.id = any($1) and k.idle_seconds is not null and ${valid}
                and coalesce(k.last_used_at, k.created_at) < now() - interval '1 minute') open
           where api_key.id = open.id)
         select k.id from ${keyWithOpener} where k.id = any($1) and ${valid}`,
        [keyIds],
      );
      return new Set(rows.map(({ id }) => id));
    },

    async verify(text, session = false) {
      const keyId = apiKeyId(text);
      if (keyId === undefined) return { refusal: "malformed" };
      const [row] = (await query<VerifyRow>(verifying, [keyId])).rows;
      if (!row || !timingSafeEqual(row.hash, hashOf(text)) || row.session !== session)
        return { refusal: "unknown", keyId };
      const { hash: _hash, revokedAt: ended, expiredAt, used, userId, openedBy, ...caller } = row;
      if (ended) return { refusal: "revoked", keyId, since: iso(ended) };
      if (expiredAt) return { refusal: "expired", keyId, since: iso(expiredAt) };
      // A write per minute is enough to see that a key is in use; most requests write nothing.
      if (!used)
        await query(
          `update api_key set last_used_at = now()
           where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
          [keyId],
        );
      return { caller: { ...caller, ...present({ userId, openedBy }) } };
    },
  };
}

const toKey = ({ id, teamId, userId, name, role, operator, createdAt, ...row }: KeyRow): ApiKey => ({
  id,
  teamId,
  name,
  role: role as TeamRole,
  operator,
  createdAt: iso(createdAt),
  ...present({
    userId,
    session: row.idleSeconds === null ? null : { idleSeconds: row.idleSeconds },
    expiresAt: isoOrNull(row.expiresAt),
    lastUsedAt: isoOrNull(row.lastUsedAt),
    revokedAt: isoOrNull(row.revokedAt),
  }),
});

/** The id of the team's user of this name, who is made if missing. */
export async function ensureUser(prisma: Database["prisma"], teamId: string, name: string): Promise<string> {
  await prisma.teamUser.createMany({ data: { id: newId("user"), teamId, name }, skipDuplicates: true });
  return (await prisma.teamUser.findFirstOrThrow({ where: { teamId, name } })).id;
}
