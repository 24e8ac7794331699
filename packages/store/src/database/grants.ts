import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ClientBase } from "pg";
import { grantedRoleNames, grantedRoles, ownerRole, type GrantedRole } from "./roles.ts";

/** A table, or a view, as `prisma/grants.json` has it. */
interface TableGrants extends Partial<Record<GrantedRole, string>> {
  /** The column that holds the team whose row it is. */
  team?: string;
  /** The table that this one belongs to, a dot, and the column that holds its `id`: a row is that of whoever has the other. */
  of?: string;
}

/** What each role may do with each table, and which rows are a team's. */
export interface Grants {
  tables: Readonly<Record<string, TableGrants>>;
}

const grantsFile = "grants.json";

/** @param folder `prisma`, or one with the same layout; without a file there are no grants */
export async function readGrants(folder: string): Promise<Grants | undefined> {
  const text = await readFile(join(folder, grantsFile), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Grants);
}

/** A difference between the file and the database, and the statements that end it. */
export interface GrantsDifference {
  what: string;
  mend: string[];
}

interface Found {
  name: string;
  /** Of a partition: its table. */
  parent: string | null;
  kind: "r" | "p" | "v";
  forced: boolean;
  granted: Partial<Record<string, string[]>>;
  policies: { name: string; roles: string[] }[];
}

const found = `
  select c.relname as name, c.relkind as kind, c.relrowsecurity and c.relforcerowsecurity as forced,
    (select i.inhparent::regclass::text from pg_inherits i where i.inhrelid = c.oid and c.relispartition) as parent,
    (select coalesce(jsonb_object_agg(role, rights), '{}') from (
       select coalesce(r.rolname, 'public') as role, array_agg(lower(a.privilege_type)) as rights
       from aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
       where a.grantee = 0 or r.rolname = any($1) group by 1) by_role) as granted,
    (select coalesce(jsonb_agg(jsonb_build_object('name', p.polname, 'roles',
       array(select pg_get_userbyid(r)::text from unnest(p.polroles) r order by 1))), '[]')
     from pg_policy p where p.polrelid = c.oid) as policies
  from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v')
  order by c.relname`;

const tenant = "(select current_setting('espalier.team', true))";
const everyRole = ["public", ...grantedRoleNames];
const words = (text = ""): string[] => text.split(" ").filter(Boolean).sort();

/**
 * Compares what the roles may do in the database with the file. A table that the file does not name is a difference that
 * nothing mends.
 */
export async function compareGrants(
  client: Pick<ClientBase, "query">,
  { tables }: Grants,
): Promise<GrantsDifference[]> {
  const { rows } = await client.query<Found>(found, [grantedRoleNames]);
  return [
    ...rows.flatMap((table) => {
      const row = tables[table.parent ?? table.name];
      return row === undefined ? [unnamed(table.name)] : [...rightsOf(table, row), ...rowsOf(table, row)];
    }),
    ...(await compareSequences(client)),
    ...(await compareFunctions(client)),
  ];
}

const unnamed = (name: string): GrantsDifference => ({
  what: `The table ${name} is not in prisma/${grantsFile}. Add a row that says what the API (api), what acts over all teams (pool) and a worker may do with it, and which column holds its team (team) or leads to a row that has one (of); then raise the version in prisma/repeatables.json.`,
  mend: [],
});

/** The janitor reads and empties partitions by their names; all others come through their table. */
function rightsOf({ name, parent, granted }: Found, row: TableGrants): GrantsDifference[] {
  const wanted = (role: string): string[] => {
    const [key] = Object.entries(grantedRoles).find(([, each]) => each === role) ?? [];
    const may = words(key === undefined ? "" : row[key as GrantedRole]);
    return parent === null || may.includes("truncate") ? may : [];
  };
  return everyRole.flatMap((role) => {
    const [has, may] = [(granted[role] ?? []).sort(), wanted(role)];
    const missing = may.filter((each) => !has.includes(each));
    const excess = has.filter((each) => !may.includes(each));
    if (missing.length + excess.length === 0) return [];
    const said = [
      missing.length > 0 ? `may not ${missing.join(", ")}` : "",
      excess.length > 0 ? `may ${excess.join(", ")} without need` : "",
    ];
    return [
      {
        what: `${role} ${said.filter(Boolean).join(" and ")} on ${name}.`,
        mend: [
          `revoke all on "${name}" from ${role}`,
          ...(may.length > 0 ? [`grant ${may.join(", ")} on "${name}" to ${role}`] : []),
        ],
      },
    ];
  });
}

/** The name of a policy tells of its condition, as PostgreSQL writes conditions in its own words. */
const named = (name: string, condition: string): string =>
  `${name}_${createHash("sha256").update(condition).digest("hex").slice(0, 8)}`;

function rowsOf(
  { name, parent, kind, forced, policies }: Found,
  { team, of }: TableGrants,
): GrantsDifference[] {
  // A partition is read by what acts over all teams, and all others come through its table, which has the policies.
  if (kind === "v" || parent !== null || (team === undefined && of === undefined)) return [];
  const [other, column] = of?.split(".") ?? [];
  const condition =
    team === undefined
      ? `exists (select from "${other}" owning where owning."id" = "${name}"."${column}")`
      : `"${team}" = ${tenant}`;
  // The owner, who migrates and dumps, is held to the policies too where he is no superuser. A policy names his role and not him,
  // so that a dump can be restored under another one.
  const wanted = [
    { name: named("espalier_team", condition), roles: [grantedRoles.api as string], condition },
    {
      name: named("espalier_all", "true"),
      roles: [ownerRole, grantedRoles.pool, grantedRoles.worker].sort(),
      condition: "true",
    },
  ];
  const has = ({ name, roles }: { name: string; roles: string[] }) =>
    policies.some((each) => each.name === name && each.roles.join() === roles.join());
  if (forced && policies.length === wanted.length && wanted.every(has)) return [];
  return [
    {
      what: `Row-level security does not keep the rows of ${name} apart as prisma/${grantsFile} says.`,
      mend: [
        ...policies.map((policy) => `drop policy "${policy.name}" on "${name}"`),
        ...wanted.map(
          ({ name: policy, roles, condition: rows }) =>
            `create policy "${policy}" on "${name}" to ${roles.join(", ")} using (${rows}) with check (${rows})`,
        ),
        `alter table "${name}" enable row level security`,
        `alter table "${name}" force row level security`,
      ],
    },
  ];
}

async function compareSequences(client: Pick<ClientBase, "query">): Promise<GrantsDifference[]> {
  const { rows } = await client.query<{ name: string; role: string }>(
    `select c.relname as name, r.rolname as role from pg_class c cross join pg_roles r
     where c.relnamespace = current_schema()::regnamespace and c.relkind = 'S' and r.rolname = any($1)
       and not has_sequence_privilege(r.oid, c.oid, 'usage')`,
    [grantedRoleNames],
  );
  return rows.map(({ name, role }) => ({
    what: `${role} may not use the sequence ${name}.`,
    mend: [`grant usage on sequence "${name}" to ${role}`],
  }));
}

async function compareFunctions(client: Pick<ClientBase, "query">): Promise<GrantsDifference[]> {
  const { rows } = await client.query<{ name: string; signature: string; callers: string[] }>(
    `select p.proname as name, p.oid::regprocedure::text as signature, array(
       select coalesce(r.rolname, 'public')::text
       from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a left join pg_roles r on r.oid = a.grantee
       where a.grantee = 0 or r.rolname = any($1) order by 1) as callers
     from pg_proc p
     where p.pronamespace = current_schema()::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
     order by 1`,
    [grantedRoleNames],
  );
  return rows.flatMap(({ name, signature, callers: found }) => {
    const wanted = [...(callers[name] ?? ["public"])].sort();
    if (found.join() === wanted.join()) return [];
    return [
      {
        what: `The function ${name} may be called by ${found.join(", ") || "nobody"}, and should be by ${wanted.join(", ")}.`,
        mend: [
          `revoke execute on function ${signature} from ${everyRole.join(", ")}`,
          `grant execute on function ${signature} to ${wanted.join(", ")}`,
        ],
      },
    ];
  });
}

/** Who may call a function that acts with the rights of the owner, where that is not for all. */
const callers: Readonly<Record<string, readonly string[]>> = {
  make_partition: [grantedRoles.pool],
  drop_partition: [grantedRoles.pool],
  keep_partitions: [grantedRoles.pool],
  runs_with_words: [grantedRoles.api, grantedRoles.pool],
  begin_messages: [grantedRoles.api, grantedRoles.pool],
  secret_of: [grantedRoles.pool, grantedRoles.worker],
};
