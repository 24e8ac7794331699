import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import pg from "pg";
import { Problem } from "@espalier/contract";
import { sqlState } from "./sql-error.ts";

/**
 * What the tables are granted to, beside their owner, who migrates them: an API while it acts for one team, whatever acts over
 * all teams, and a worker. `prisma/grants.json` says what each may do.
 */
export const grantedRoles = {
  api: "espalier_api",
  pool: "espalier_pool",
  worker: "espalier_worker",
} as const;
export type GrantedRole = keyof typeof grantedRoles;
export const grantedRoleNames: readonly string[] = Object.values(grantedRoles);
/** Whoever owns the tables is a member of it: row-level security, which holds for owners too, shows it all rows. */
export const ownerRole = "espalier_owner";

/** The privilege of `pg_has_role` to act as a role: from PostgreSQL 16 on, who has made one is a member that may not. */
const acting = "case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end";

/**
 * Makes the roles that are missing, and lets the user of the connection act as each of them, where it may do that.
 * @param sql text of `prisma/roles.sql`
 * @returns what is missing and this user cannot make
 */
export async function ensureRoles(client: pg.Client, sql: string): Promise<string[]> {
  const lacking = await lackingRoles(client);
  if (lacking.length === 0) return [];
  const { rows } = await client.query<{ makes: boolean }>(
    "select rolsuper or rolcreaterole as makes from pg_roles where rolname = current_user",
  );
  if (rows[0]!.makes) await attempt(client, sql);
  return lackingRoles(client);
}

async function lackingRoles(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ role: string; exists: boolean; acts: boolean; reaches: boolean }>(
    `select g.role, r.oid is not null as exists,
       -- Whoever owns no tables need not act as others.
       coalesce(pg_has_role(r.oid, ${acting}), false)
         or not coalesce((select pg_has_role(relowner, 'usage') from pg_class where oid = to_regclass('"_repeatables"')), true) as acts,
       g.role <> $2 or coalesce(pg_has_role(r.oid, p.oid, ${acting}), false) as reaches
     from unnest($1::text[]) with ordinality g (role, place) left join pg_roles r on r.rolname = g.role
       left join pg_roles p on p.rolname = $3 order by g.place`,
    [[ownerRole, ...grantedRoleNames], grantedRoles.api, grantedRoles.pool],
  );
  const [missing, foreign] = [
    rows.filter((row) => !row.exists),
    rows.filter((row) => row.exists && !row.acts),
  ];
  const named = (those: typeof rows) => those.map(({ role }) => role).join(", ");
  if (missing.length > 0) return [`There is no role ${named(missing)}.`];
  if (foreign.length > 0) return [`The owner's user is no member of ${named(foreign)}.`];
  return rows.every(({ reaches }) => reaches)
    ? []
    : [`${grantedRoles.api} is no member of ${grantedRoles.pool}.`];
}

/** Lets a session do only what a role may, where there is that role and its user may act as it. */
export async function adoptRole(client: pg.ClientBase, role: GrantedRole): Promise<void> {
  await client.query(
    `select set_config('role', rolname, false) from pg_roles where rolname = $1 and pg_has_role(oid, ${acting})`,
    [grantedRoles[role]],
  );
}

/**
 * Whether the user of a connection may act as the API, for a team and over all teams; else he acts as himself, as before the roles were there.
 * @throws {Problem} `internal/error`, with the statement that mends it, where row-level security would show him no team's rows
 */
export async function mayActAsApi(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ login: string; api: boolean; pool: boolean; sees: boolean }>(
    `select u.rolname as login, coalesce(pg_has_role(a.oid, ${acting}), false) as api, coalesce(pg_has_role(p.oid, ${acting}), false) as pool,
       u.rolsuper or u.rolbypassrls or coalesce(pg_has_role(o.oid, 'usage'), false)
         or not coalesce((select relrowsecurity from pg_class where oid = to_regclass('run')), false) as sees
     from pg_roles u left join pg_roles a on a.rolname = $1 left join pg_roles p on p.rolname = $2
       left join pg_roles o on o.rolname = $3 where u.rolname = current_user`,
    [grantedRoles.api, grantedRoles.pool, ownerRole],
  );
  const { login, api, pool, sees } = rows[0]!;
  if (api && pool) return true;
  if (sees) return false;
  const [missing, to] = api ? [grantedRoles.pool, grantedRoles.api] : [grantedRoles.api, login];
  throw new Problem(
    "internal/error",
    `The database's user ${login} may not act as ${missing}, so that an API would see no team's rows. ` +
      `An administrator of the database has to run: GRANT ${missing} TO ${pg.escapeIdentifier(to).replace(/^"([a-z_][a-z0-9_]*)"$/, "$1")};`,
  );
}

/** Roles belong to the server, so that the deploy of another database may do the same at this moment. */
const atOnce = ["42710", "23505", "XX000"];

async function attempt(client: pg.Client, statement: string): Promise<void> {
  try {
    await client.query(statement);
  } catch (error) {
    if (!atOnce.includes(sqlState(error) ?? "")) throw error;
  }
}

/**
 * Lets the role that a URL names log in with its password, unless it can already. A user of another name is the deployment's own
 * affair. Throws the database's error where this user may not change it.
 */
export async function ensureLogin(client: pg.Client, url: string): Promise<void> {
  const { username, password } = new URL(url);
  const [role, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (![ownerRole, ...grantedRoleNames].includes(role) || secret === "" || (await canConnect(url))) return;
  await client.query(`alter role ${role} login password ${pg.escapeLiteral(scramVerifier(secret))}`);
}

async function canConnect(connectionString: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 10_000,
    application_name: "espalier-migrate",
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (sqlState(error)?.startsWith("28")) return false;
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const iterations = 4096;

/** What PostgreSQL stores of a password (RFC 5803), so that the password itself is in no log of statements. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
}
