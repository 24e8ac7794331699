import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../../../../test/servers/postgres.ts";
import { compareGrants, readGrants, type Grants } from "./grants.ts";
import { migrate } from "./migrate.ts";
import { grantedRoles, type GrantedRole } from "./roles.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
const privileges = ["select", "insert", "update", "delete", "truncate", "references", "trigger"];

let databaseUrl: string;
let client: pg.Client;
let grants: Grants;

beforeAll(async () => {
  databaseUrl = await freshDatabase();
  expect((await migrate(databaseUrl)).roles).toEqual([]);
  client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  grants = (await readGrants(home))!;
});
afterAll(() => client.end());

const differences = async () => (await compareGrants(client, grants)).map(({ what }) => what);

describe("what the roles may do", () => {
  it("is in the database what prisma/grants.json says: every table, every role, every privilege", async () => {
    expect(await differences()).toEqual([]);
    const { rows } = await client.query<{ name: string; role: string; has: string[] }>(
      `select c.relname as name, r.role,
         array(select p from unnest($2::text[]) p where has_table_privilege(r.role, c.oid, p)) as has
       from pg_class c cross join unnest($1::text[]) r (role)
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition`,
      [Object.values(grantedRoles), privileges],
    );
    const named = new Set(rows.map(({ name }) => name));
    expect([...named].filter((name) => !(name in grants.tables))).toEqual([]);
    expect(Object.keys(grants.tables).filter((name) => !named.has(name))).toEqual([]);
    for (const { name, role, has } of rows) {
      const key = (Object.keys(grantedRoles) as GrantedRole[]).find((each) => grantedRoles[each] === role)!;
      const may = grants.tables[name]?.[key]?.split(" ") ?? [];
      expect(`${role} on ${name}: ${has.sort().join(" ")}`).toBe(
        `${role} on ${name}: ${may.sort().join(" ")}`,
      );
    }
  });

  it("is that of neither a superuser, nor an owner, nor of one who passes by row-level security", async () => {
    const { rows } = await client.query(
      `select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit,
         exists (select from pg_class c where c.relowner = r.oid) as owns from pg_roles r where rolname = any($1)`,
      [Object.values(grantedRoles)],
    );
    expect(rows).toHaveLength(3);
    for (const row of rows)
      expect(Object.values(row as object)).toEqual(Object.keys(row as object).map(() => false));
    // The API reaches over all teams only where it says so.
    const { rows: inherited } = await client.query(
      "select pg_has_role($1::text, $2::text, 'usage') as inherits, pg_has_role($1::text, $2::text, 'member') as may",
      [grantedRoles.api, grantedRoles.pool],
    );
    expect(inherited).toEqual([{ inherits: false, may: true }]);
  });

  it("lets a worker read neither keys, sealed tokens, teams, events, nor what answers were given", async () => {
    await client.query(`set role ${grantedRoles.worker}`);
    for (const table of [
      "api_key",
      "run_secret",
      "team",
      "team_user",
      "event",
      "idempotency",
      "experiment",
      "schedule",
    ])
      await expect(client.query(`select from "${table}"`), table).rejects.toMatchObject({ code: "42501" });
    await expect(
      client.query("select make_partition('log_line', 'log_line_20200101', '', '')"),
    ).rejects.toMatchObject({
      code: "42501",
    });
    await client.query("reset role");
    await client.query(`set role ${grantedRoles.api}`);
    await expect(client.query("select from api_key")).rejects.toMatchObject({ code: "42501" });
    await client.query("reset role");
  });

  it("says what to do with a table that it does not name", async () => {
    await client.query("create table surprise (id text)");
    expect(await differences()).toEqual([
      "The table surprise is not in prisma/grants.json. Add a row that says what the API (api), what acts over all teams (pool) and a worker may do with it, and which column holds its team (team) or leads to a row that has one (of); then raise the version in prisma/repeatables.json.",
    ]);
    await client.query("drop table surprise");
  });

  it("is mended at the next start of an API, whatever somebody has changed", async () => {
    await client.query(`grant select on api_key to ${grantedRoles.worker}`);
    await client.query(`grant select on team to public`);
    await client.query(`revoke select on run from ${grantedRoles.api}`);
    await client.query("alter table model no force row level security");
    await client.query("alter table dataset disable row level security");
    await client.query("create policy open on artifact using (true)");
    await client.query(`grant execute on function make_partition to ${grantedRoles.worker}`);
    await client.query(`revoke usage on sequence metric_series_number from ${grantedRoles.worker}`);
    expect(await differences()).toEqual([
      `${grantedRoles.worker} may select without need on api_key.`,
      "Row-level security does not keep the rows of artifact apart as prisma/grants.json says.",
      "Row-level security does not keep the rows of dataset apart as prisma/grants.json says.",
      "Row-level security does not keep the rows of model apart as prisma/grants.json says.",
      `${grantedRoles.api} may not select on run.`,
      "public may select without need on team.",
      `${grantedRoles.worker} may not use the sequence metric_series_number.`,
      `The function make_partition may be called by ${grantedRoles.pool}, ${grantedRoles.worker}, and should be by ${grantedRoles.pool}.`,
    ]);
    expect((await migrate(databaseUrl)).roles).toEqual([]);
    expect(await differences()).toEqual([]);
  });
});

it("a function with the rights of the owner finds the owner's tables, whatever its caller puts before them", async () => {
  const { rows } = await client.query(
    `select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
       and not coalesce(proconfig, '{}') @> array['search_path=public, pg_temp']`,
  );
  expect(rows).toEqual([]);
});
