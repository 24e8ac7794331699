import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@espalier/store";
import pg from "pg";
import { afterEach, beforeEach, expect, it } from "vitest";
import { freshDatabase } from "../../../../test/servers/postgres.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
let folder: string;
let url: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-migrations-"));
  url = await freshDatabase();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = async (name: string, sql: string) => {
  const place = join(folder, "migrations", name);
  await mkdir(place, { recursive: true });
  await writeFile(join(place, "migration.sql"), sql);
};
async function sql(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

it("applies every migration of the project once, also when several servers start together", async () => {
  const names = (await readdir(join(home, "migrations"), { withFileTypes: true })).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  const applied = await Promise.all([migrate(url), migrate(url), migrate(url)]);
  expect(applied.flatMap(({ migrations }) => migrations)).toEqual(names.sort());
  expect(applied.map(({ repeatables }) => repeatables).sort()).toEqual(["applied", "unchanged", "unchanged"]);
  expect(await migrate(url)).toMatchObject({ migrations: [], repeatables: "unchanged" });
});

it("keeps the table that Prisma reads, with the SHA-256 of each file", async () => {
  await write("20260101000000_init", "create table a (id int);\n");
  await migrate(url, folder);
  expect(await sql("select * from _prisma_migrations")).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      // printf 'create table a (id int);\n' | sha256sum
      checksum: "519a1e8e560bfe843fff05a0e39aa2ec638878f09a8897cd41d6801a7f543995",
      finished_at: expect.any(Date) as Date,
      migration_name: "20260101000000_init",
      logs: null,
      rolled_back_at: null,
      started_at: expect.any(Date) as Date,
      applied_steps_count: 1,
    },
  ]);
});

it("goes on where it stopped, in the order of names, and accepts changed line ends only", async () => {
  await write("2_second", "insert into a values (2);\ninsert into a values (3);\n");
  await write("1_first", "create table a (id int);\n");
  expect((await migrate(url, folder)).migrations).toEqual(["1_first", "2_second"]);
  await write("1_first", "create table a (id int);\r\n");
  await write("3_third", "insert into a values (4)");
  expect((await migrate(url, folder)).migrations).toEqual(["3_third"]);
  await write("1_first", "create table a (id bigint);\n");
  await expect(migrate(url, folder)).rejects.toThrow(
    "Migration 1_first was changed after it had been applied",
  );
});

it("changes nothing when a file fails, neither by it nor by those before it, and says what to do until that is done", async () => {
  await write("1_good", "create table a (id int)");
  await write("2_bad", "create table b (id int); insert into nowhere values (1)");
  await expect(migrate(url, folder)).rejects.toThrow(/Migration 2_bad failed: 42P01.*nowhere/);
  expect(await sql("select logs from _prisma_migrations where finished_at is null")).toEqual([
    { logs: expect.stringContaining("nowhere") as string },
  ]);
  expect(await sql("select to_regclass('a') as a, to_regclass('b') as b")).toEqual([{ a: null, b: null }]);
  await write("2_bad", "create table b (id int)");
  const stuck = await migrate(url, folder).then(JSON.stringify, String);
  expect(stuck).toContain("Migration 2_bad failed earlier");
  const [, remedy = ""] = /run: (UPDATE .*?);/.exec(stuck) ?? [];
  await sql(remedy);
  expect((await migrate(url, folder)).migrations).toEqual(["1_good", "2_bad"]);
});

it("says that the database cannot be reached", async () => {
  await expect(migrate("postgresql://x:y@127.0.0.1:1/z", folder)).rejects.toMatchObject({
    code: "service/unavailable",
  });
});

it("matches schema.prisma: tables, columns, types, keys, indexes and references", async () => {
  await migrate(url);
  const text = await readFile(join(home, "schema.prisma"), "utf8");
  const models = parseSchema(text);
  // Partitions are what their table is.
  const whole = "not (select relispartition from pg_class where oid = table_name::regclass)";
  const tables = await sql(
    `select table_name as name from information_schema.tables
     where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like '\\_%' and ${whole} order by 1`,
  );
  expect(tables.map(({ name }) => name)).toEqual(models.map(({ table }) => table).sort());
  const columns = await sql(
    `select table_name, column_name, udt_name, is_nullable = 'YES' as nullable
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like '\\_%' and ${whole}`,
  );
  const lines = (rows: Record<string, unknown>[]) => rows.map((row) => Object.values(row).join(" ")).sort();
  expect(lines(columns)).toEqual(models.flatMap(({ columns }) => columns).sort());
  const indexes = await sql(
    `select t.relname, case when x.indisprimary then 'key' when x.indisunique then 'unique' else 'index' end as kind,
       (select string_agg(a.attname, ',' order by k.n) from unnest(x.indkey) with ordinality as k (attnum, n)
        join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.attnum) as columns
     from pg_index x join pg_class t on t.oid = x.indrelid join pg_namespace s on s.oid = t.relnamespace
     where s.nspname = 'public' and x.indpred is null and not t.relispartition and t.relname not like '\\_%'`,
  );
  expect(lines(indexes)).toEqual(models.flatMap(({ indexes }) => indexes).sort());
  const references = await sql(
    `select t.relname, a.attname, f.relname as target, c.confdeltype
     from pg_constraint c join pg_class t on t.oid = c.conrelid join pg_class f on f.oid = c.confrelid
     join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1] where c.contype = 'f'`,
  );
  expect(lines(references)).toEqual(models.flatMap(({ references }) => references).sort());
});

const sqlTypes: Record<string, string> = {
  String: "text",
  Int: "int4",
  BigInt: "int8",
  Float: "float8",
  Boolean: "bool",
  Json: "jsonb",
  Bytes: "bytea",
  DateTime: "timestamptz",
};

/** What schema.prisma says of each model, in the words of the queries above. */
function parseSchema(text: string) {
  const blocks = [...text.matchAll(/^model (\w+) \{\n(.*?)^\}/gms)].map(([, name = "", body = ""]) => ({
    name,
    lines: body.split("\n").map((line) => line.trim()),
    table: /@@map\("(\w+)"\)/.exec(body)?.[1] ?? name,
  }));
  const tableOf = (model: string) => blocks.find(({ name }) => name === model)?.table;
  return blocks.map(({ lines, table }) => {
    const columnOf = new Map<string, string>();
    const columns: string[] = [];
    const indexes: string[] = [];
    const references: string[] = [];
    for (const line of lines) {
      const [, field, type = "", list, optional, rest = ""] =
        /^(\w+)\s+(\w+)(\[\])?(\?)?(.*)$/.exec(line) ?? [];
      if (field === undefined || sqlTypes[type] === undefined) continue;
      const column = /@map\("(\w+)"\)/.exec(rest)?.[1] ?? field;
      columnOf.set(field, column);
      columns.push(`${table} ${column} ${list ? "_" : ""}${sqlTypes[type]} ${optional !== undefined}`);
      if (/@id\b/.test(rest)) indexes.push(`${table} key ${column}`);
      if (/@unique\b/.test(rest)) indexes.push(`${table} unique ${column}`);
      if (type === "DateTime") expect(rest).toContain("@db.Timestamptz(6)");
    }
    const named = (fields: string) =>
      fields
        .split(",")
        .map((field) => columnOf.get(field.trim()))
        .join(",");
    for (const line of lines) {
      const [, kind, fields = ""] = /^@@(id|index|unique)\(\[(.*?)\]\)/.exec(line) ?? [];
      if (kind) indexes.push(`${table} ${kind === "id" ? "key" : kind} ${named(fields)}`);
      const [, target = "", field = "", action = ""] =
        /^\w+\s+(\w+)\??\s+@relation\(.*fields: \[(\w+)\].*onDelete: (\w+)/.exec(line) ?? [];
      if (target)
        references.push(
          `${table} ${columnOf.get(field)} ${tableOf(target)} ${{ Cascade: "c", SetNull: "n", NoAction: "a" }[action]}`,
        );
    }
    return { table, columns, indexes, references };
  });
}
