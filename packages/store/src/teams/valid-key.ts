/** A key `k` with the key `o` that opened it, where it is a browser's session. A session ends with that key. */
export const keyWithOpener = "api_key k left join api_key o on o.id = k.opener_id";

/** When it was revoked; null: it was not. */
export const revokedAt = "least(k.revoked_at, o.revoked_at)";

/** A session that nobody uses ends before its time. */
const idleAt = "coalesce(k.last_used_at, k.created_at) + make_interval(secs => k.idle_seconds)";

/** When it ends by itself; null: never. */
export const expiresAt = `least(k.expires_at, o.expires_at, ${idleAt})`;

/** Whether it opens something now. */
export const valid = `(${revokedAt} is null and coalesce(${expiresAt} > now(), true))`;
