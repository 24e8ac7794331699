import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@espalier/store";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freshDatabase } from "../../../../test/servers/postgres.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
/** The last migration that was written before functions, views and triggers had files of their own. */
const lastMixed = "20261125170000_progress";
const unchanged = { migrations: [], repeatables: "unchanged", roles: [] };

let folder: string;
let url: string;
let client: pg.Client;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-repeatables-"));
  url = await freshDatabase();
  client = new pg.Client({ connectionString: url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await rm(folder, { recursive: true, force: true });
});

const sql = async (text: string): Promise<Record<string, unknown>[]> =>
  (await client.query<Record<string, unknown>>(text)).rows;

/** Writes a file of the schema's folder, or removes it. */
async function write(file: string, text: string | undefined): Promise<void> {
  const path = join(folder, file);
  await mkdir(join(path, ".."), { recursive: true });
  if (text === undefined) await rm(path);
  else await writeFile(path, text);
}
const writeVersion = (version: number) => write("repeatables.json", JSON.stringify({ version }));

/** Definitions of all functions, views and triggers, as the server gives them back. */
const objects = async (): Promise<string[]> =>
  (
    await sql(
      `select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'public'::regnamespace
       union all select c.relname || pg_get_viewdef(c.oid) from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
       union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal and tgparentid = 0 order by 1`,
    )
  ).map(({ text }) => String(text));

describe("a database of the service", () => {
  it("that had the migrations alone gets exactly the objects of a new one, and keeps its rows", async () => {
    await cp(join(home, "migrations"), join(folder, "migrations"), {
      recursive: true,
      filter: (path) => !/^\d{14}_/.test(basename(path)) || basename(path) <= lastMixed,
    });
    await migrate(url, folder);
    // As the version before left it: it knew no other table.
    await sql(`drop table "_repeatables"`);
    await sql("insert into team (id, name) values ('team_a', 'a')");
    await sql("create function users_own() returns int language sql as 'select 1'");
    await migrate(url);
    const migrated = await objects();
    expect(await sql("select name from team")).toEqual([{ name: "a" }]);
    expect(migrated.some((text) => text.includes("users_own"))).toBe(true);

    await client.end();
    url = await freshDatabase();
    await migrate(url);
    client = new pg.Client({ connectionString: url });
    await client.connect();
    const fresh = await objects();
    expect(migrated.filter((text) => !text.includes("users_own"))).toEqual(fresh);
  });

  it("holds one object for each file, whose body the server accepts", async () => {
    await migrate(url);
    const files = (
      await Promise.all(["functions", "views", "triggers"].map((kind) => readdir(join(home, kind))))
    )
      .flat()
      .filter((name) => name.endsWith(".sql"));
    expect((await objects()).length).toBe(files.length);
    // They were created without a look at their bodies.
    const functions = await sql(
      "select pg_get_functiondef(oid) as text from pg_proc where pronamespace = 'public'::regnamespace",
    );
    for (const { text } of functions) await sql(String(text));
  });

  it("that is up to date is not touched by a migrate: it waits for no lock", async () => {
    await migrate(url);
    await sql("begin");
    for (const table of [
      "run",
      "run_waiting",
      "worker_drain",
      "device_hold",
      "claimable_device",
      "_repeatables",
    ])
      await sql(
        `lock table "${table}" in ${table === "_repeatables" ? "row exclusive" : "access exclusive"} mode`,
      );
    expect(await migrate(url)).toEqual(unchanged);
    await sql("rollback");
  });

  it("that is in use is migrated as soon as nobody holds a lock that is in the way", async () => {
    await cp(join(home, "migrations"), join(folder, "migrations"), { recursive: true });
    await migrate(url, folder);
    await sql("begin");
    await sql("insert into team (id, name) values ('team_a', 'a')");
    await sql("lock table run in row exclusive mode");
    const migrated = migrate(url);
    // Longer than the deploy waits for a lock before it gives way.
    await sql("select pg_sleep(6)");
    await sql("commit");
    expect(await migrated).toMatchObject({ migrations: [], repeatables: "applied" });
  });
});

describe("files of functions, views and triggers", () => {
  beforeEach(async () => {
    await write(
      "migrations/1_init/migration.sql",
      "create table t (a int, b int); insert into t values (1, 2)",
    );
    await write(
      "functions/f.sql",
      `CREATE OR REPLACE FUNCTION "f"("x" INT) RETURNS INT LANGUAGE sql AS 'SELECT x'`,
    );
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT f(a) AS a FROM t`);
    await write(
      "functions/g.sql",
      `CREATE OR REPLACE FUNCTION "g"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b = f(7); RETURN NEW; END $$`,
    );
    await write(
      "triggers/t.g.sql",
      `CREATE OR REPLACE TRIGGER "g" BEFORE INSERT ON "t" FOR EACH ROW EXECUTE FUNCTION "g"()`,
    );
    await writeVersion(1);
    expect(await migrate(url, folder)).toMatchObject({ migrations: ["1_init"], repeatables: "applied" });
    expect(await migrate(url, folder)).toEqual(unchanged);
  });

  it("are applied when one has changed; a function that others call keeps its identity", async () => {
    const identity = await sql("select 'f(int)'::regprocedure::oid");
    await write(
      "functions/f.sql",
      `CREATE OR REPLACE FUNCTION "f"("x" INT) RETURNS INT LANGUAGE sql AS 'SELECT x + 1'`,
    );
    expect(await migrate(url, folder)).toMatchObject({ repeatables: "applied" });
    expect(await sql("insert into t values (5) returning b")).toEqual([{ b: 8 }]);
    expect(await sql("select 'f(int)'::regprocedure::oid")).toEqual(identity);
  });

  it.each([
    ["parameters", `("x" INT, "y" INT DEFAULT 40) RETURNS INT LANGUAGE sql AS 'SELECT x + y'`],
    ["names of parameters", `("z" INT) RETURNS INT LANGUAGE sql AS 'SELECT z + 40'`],
    ["result", `("x" INT) RETURNS BIGINT LANGUAGE sql AS 'SELECT x + 40::bigint'`],
  ])("may change the %s of a function that a view calls", async (_what, rest) => {
    await write("functions/f.sql", `CREATE OR REPLACE FUNCTION "f"${rest}`);
    await migrate(url, folder);
    expect(await sql("select a::int from v")).toEqual([{ a: 41 }]);
    expect(await sql("select count(*)::int as n from pg_proc where proname = 'f'")).toEqual([{ n: 1 }]);
  });

  it("may change the columns of a view, and add and remove objects", async () => {
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT b, a FROM t`);
    await write("functions/h.sql", `CREATE OR REPLACE FUNCTION "h"() RETURNS INT LANGUAGE sql AS 'SELECT 3'`);
    for (const file of ["functions/f.sql", "functions/g.sql", "triggers/t.g.sql"])
      await write(file, undefined);
    await migrate(url, folder);
    expect(await sql("select * from v")).toEqual([{ b: 2, a: 1 }]);
    expect(await sql("select h()")).toEqual([{ h: 3 }]);
    expect(await sql("select proname from pg_proc where proname in ('f', 'g')")).toEqual([]);
    expect(await sql("insert into t values (5) returning b")).toEqual([{ b: null }]);
    await write("views/v.sql", undefined);
    await migrate(url, folder);
    expect(await sql("select to_regclass('v') as v")).toEqual([{ v: null }]);
  });

  it("are made again where a migration has dropped what they made, in its own transaction", async () => {
    await write("migrations/2_more/migration.sql", "drop view v; alter table t alter column a type bigint");
    await write(
      "functions/f.sql",
      `CREATE OR REPLACE FUNCTION "f"("x" BIGINT) RETURNS BIGINT LANGUAGE sql AS 'SELECT x'`,
    );
    expect(await migrate(url, folder)).toMatchObject({ migrations: ["2_more"], repeatables: "applied" });
    expect(await sql("select a from v")).toEqual([{ a: "1" }]);
    await write("migrations/3_more/migration.sql", "drop view v");
    await migrate(url, folder);
    expect(await sql("select a from v")).toEqual([{ a: "1" }]);
  });

  it("of an older service change nothing, until they are newer again", async () => {
    await writeVersion(3);
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT 3 AS a`);
    await migrate(url, folder);
    await writeVersion(2);
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT 2 AS a`);
    await write("migrations/2_more/migration.sql", "create table u ()");
    expect(await migrate(url, folder)).toMatchObject({ migrations: ["2_more"], repeatables: "newer" });
    expect(await sql("select a from v")).toEqual([{ a: 3 }]);
    await writeVersion(4);
    expect(await migrate(url, folder)).toMatchObject({ migrations: [], repeatables: "applied" });
    expect(await sql("select a from v")).toEqual([{ a: 2 }]);
  });

  it("that the server refuses change nothing, and are named; so does what a user has built upon a view", async () => {
    await write("migrations/2_more/migration.sql", "create table u ()");
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT nothing FROM t`);
    await expect(migrate(url, folder)).rejects.toThrow(
      /The view v cannot be created: 42703.*Nothing was changed/,
    );
    expect(await sql("select to_regclass('u') as u, (select a from v) as a")).toEqual([{ u: null, a: 1 }]);
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT b FROM t`);
    await sql("create view users_own as select * from v");
    await expect(migrate(url, folder)).rejects.toThrow(/users_own/);
    await sql("drop view users_own");
    expect(await migrate(url, folder)).toMatchObject({ migrations: ["2_more"], repeatables: "applied" });
  });

  it("are applied once by services that start together", async () => {
    await write("views/v.sql", `CREATE VIEW "v" AS SELECT 5 AS a`);
    const done = await Promise.all(Array.from({ length: 3 }, () => migrate(url, folder)));
    expect(done.map(({ repeatables }) => repeatables).sort()).toEqual(["applied", "unchanged", "unchanged"]);
  });
});
