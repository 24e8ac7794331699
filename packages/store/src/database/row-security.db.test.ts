import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../../../../test/servers/postgres.ts";
import { openTestStore, type TestStore } from "../../../../test/servers/store.ts";
import { readGrants, type Grants } from "./grants.ts";
import { migrate } from "./migrate.ts";
import { grantedRoles } from "./roles.ts";
import { actFor } from "./tenant.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
const teams = ["team_a", "team_b"] as const;

/** A database with one row of each of two teams in every table that has rows of teams; its checks are gone. */
async function seeded(grants: Grants): Promise<pg.Client> {
  const databaseUrl = await freshDatabase();
  await migrate(databaseUrl);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows: checks } = await client.query<{ drop: string }>(
    `select format('alter table %s drop constraint %I', conrelid::regclass, conname) as drop from pg_constraint
     where contype = 'c' and connamespace = 'public'::regnamespace and coninhcount = 0`,
  );
  for (const { drop } of checks) await client.query(drop);
  // Neither triggers nor references: each row stands for itself.
  await client.query("set session_replication_role = replica");
  for (const [table, { team, of }] of Object.entries(grants.tables)) {
    if (team === undefined && of === undefined) continue;
    const { rows: columns } = await client.query<{ name: string; type: string }>(
      `select attname as name, format_type(atttypid, null) as type from pg_attribute a
       where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and (attnotnull or attname = $2)
         and (attname = 'id' or attname = $2 or not exists (select from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum))`,
      [table, team ?? of!.split(".")[1]],
    );
    for (const [number, id] of teams.entries()) {
      const values = columns.map(({ name, type }) => {
        // The row that has the team is that of the same number, by its own id.
        const own = name === team ? id : `${id}_row`;
        const kinds: Record<string, unknown> = {
          text: own,
          jsonb: "{}",
          boolean: true,
          bytea: Buffer.from([number]),
          "timestamp with time zone": new Date(),
          "text[]": "{}",
        };
        return type in kinds ? kinds[type] : number + 1;
      });
      const named = columns.map(({ name }) => `"${name}"`).join(", ");
      const places = values.map((_, i) => `$${i + 1}`).join(", ");
      await client.query(
        `insert into "${table}" (${named}) overriding system value values (${places})`,
        values,
      );
    }
  }
  await client.query("reset session_replication_role");
  return client;
}

describe("row-level security", () => {
  let client: pg.Client;
  let guarded: string[];
  let grants: Grants;
  beforeAll(async () => {
    grants = (await readGrants(home))!;
    client = await seeded(grants);
    guarded = Object.entries(grants.tables)
      .filter(([, { team, of }]) => team !== undefined || of !== undefined)
      .map(([name]) => name);
    expect(guarded.length).toBeGreaterThan(20);
  });
  afterAll(() => client.end());

  /** What a role does in a transaction that is rolled back. */
  async function as<T>(role: string, team: string | undefined, work: () => Promise<T>): Promise<T> {
    await client.query(`begin; set local role ${role}`);
    if (team !== undefined) await client.query("select set_config('espalier.team', $1, true)", [team]);
    try {
      return await work();
    } finally {
      await client.query("rollback");
    }
  }
  const may = (table: string, privilege: string) => grants.tables[table].api?.split(" ").includes(privilege);
  const count = async (table: string) =>
    (await client.query<{ n: number }>(`select count(*)::int as n from "${table}"`)).rows[0].n;

  it("shows the API nothing of any table while nobody has said which team it acts for", async () => {
    for (const table of guarded) {
      expect([table, await count(table)]).toEqual([table, 2]);
      if (!may(table, "select"))
        await expect(
          as(grantedRoles.api, undefined, () => count(table)),
          table,
        ).rejects.toMatchObject({ code: "42501" });
      else
        for (const team of [undefined, "", "team_c"])
          expect([table, await as(grantedRoles.api, team, () => count(table))]).toEqual([table, 0]);
    }
  });

  it("shows the API the rows of its team alone, in a statement that names no team", async () => {
    for (const table of guarded.filter((each) => may(each, "select")))
      for (const team of teams) {
        const { rows } = await as(grantedRoles.api, team, () =>
          client.query<object>(`select * from "${table}" t`),
        );
        expect([table, rows.length]).toEqual([table, 1]);
        const theirs = teams.find((each) => each !== team)!;
        expect(JSON.stringify(rows), table).not.toContain(theirs);
      }
  });

  it("changes and deletes the rows of its team alone, and makes none for another", async () => {
    for (const table of guarded) {
      const column = grants.tables[table].team ?? grants.tables[table].of!.split(".")[1];
      if (may(table, "update")) {
        const { rowCount } = await as(grantedRoles.api, "team_a", () =>
          client.query(`update "${table}" set "${column}" = "${column}"`),
        );
        expect([table, rowCount]).toEqual([table, 1]);
      }
      if (may(table, "insert"))
        await expect(
          as(grantedRoles.api, "team_c", async () => {
            // A copy of another team's row, as its owner sees it.
            await client.query("reset role");
            await client.query(
              `create temporary table copied on commit drop as select * from "${table}" limit 1`,
            );
            await client.query(`grant select on copied to public; set local role ${grantedRoles.api}`);
            await client.query(`insert into "${table}" overriding system value select * from copied`);
          }),
          table,
        ).rejects.toThrow(/row-level security/);
    }
  });

  it("shows what acts over all teams all rows", async () => {
    for (const table of guarded)
      expect([table, await as(grantedRoles.pool, undefined, () => count(table))]).toEqual([table, 2]);
  });
});

describe("a store of an API", () => {
  let store: TestStore;
  let other: string;
  beforeAll(async () => {
    store = await openTestStore();
    other = (await store.teams.ensure("others")).id;
  });
  afterAll(() => store.discard());

  it("finds nothing for a request that has no team, or another one than its statement names", async () => {
    const { id } = await store.submit();
    const { served, teamId } = store;
    const list = () => served.runs.list(teamId);
    expect((await list()).items).toEqual([]);
    expect((await actFor({ tenant: { teamId: other } }, list)).items).toEqual([]);
    await expect(
      actFor({ tenant: { teamId: other } }, () => served.runs.get(teamId, id)),
    ).rejects.toMatchObject({
      code: "resource/not-found",
    });
    expect((await actFor({ tenant: { teamId } }, list)).items.map((run) => run.id)).toEqual([id]);
    expect((await actFor({ tenant: "all" }, list)).items).toHaveLength(1);
  });

  it("leaks nothing to a statement that forgot its team, however many requests share a connection", async () => {
    const { served, teamId } = store;
    const holders = { mine: { tenant: { teamId } }, theirs: { tenant: { teamId: other } } };
    await actFor(holders.theirs, () =>
      served.runs.submit({
        teamId: other,
        spec: { kind: "prune", model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 },
      }),
    );
    const forgetful = () =>
      served.transaction(
        async (tx) => (await tx.query<{ team: string }>("select distinct team_id as team from run")).rows,
      );
    const seen = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        actFor(
          i % 3 === 0 ? holders.mine : i % 3 === 1 ? holders.theirs : { tenant: undefined },
          async () => [i % 3, (await forgetful()).map(({ team }) => team)],
        ),
      ),
    );
    for (const [which, found] of seen) expect(found).toEqual([[teamId], [other], []][which as number]);
  });

  it("finds a run for its own team alone, also by a statement that its connection has planned for another", async () => {
    const { served, teamId } = store;
    const { id } = await store.submit();
    const read = (team: string) =>
      actFor({ tenant: { teamId: team } }, () => served.runs.get(teamId, id)).then(
        () => "found",
        () => "not found",
      );
    // More often than PostgreSQL plans a statement by its values.
    for (let i = 0; i < 20; i++)
      expect([await read(teamId), await read(other)]).toEqual(["found", "not found"]);
  });

  it("refuses to write a row of another team", async () => {
    await expect(
      actFor({ tenant: { teamId: other } }, () =>
        store.served.runs.submit({
          teamId: store.teamId,
          spec: { kind: "prune", model: "mdl_0123456789abcdefghjkmnpqrs", layers: 1 },
        }),
      ),
    ).rejects.toThrow(/row-level security|not found/i);
  });
});
