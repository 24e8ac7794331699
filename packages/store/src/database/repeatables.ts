import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "pg";
import { isProblem, Problem } from "@espalier/contract";
import { toProblem } from "./database.ts";
import { readGrants, type Grants } from "./grants.ts";
import { describeError, isLockConflict, sqlState } from "./sql-error.ts";

/** The order in which they are created: a view may call functions, and a trigger calls one. */
const kinds = ["function", "view", "trigger"] as const;

/** A function, a view or a trigger of the database. */
interface DatabaseObject {
  kind: (typeof kinds)[number];
  name: string;
  /** The table of a trigger. */
  table?: string;
}

/**
 * The files of `prisma/functions`, `views` and `triggers`. Each one makes the object that it is named after; a trigger's
 * file is called `<table>.<trigger>.sql`.
 */
export interface Repeatables {
  /** Rises with every change of the files, so that an older service knows that the database is newer than itself. */
  version: number;
  /** SHA-256 over the names and contents of all files. */
  checksum: string;
  files: readonly (DatabaseObject & { sql: string })[];
  /** What roles may do; applied after all else. */
  grants: Grants | undefined;
}

interface Recorded {
  version: number;
  checksum: string;
  objects: DatabaseObject[];
}

/** @param folder `prisma`, or one with the same layout; the version is in its `repeatables.json`, default 0 */
export async function readRepeatables(folder: string): Promise<Repeatables> {
  const files: Repeatables["files"][number][] = [];
  for (const kind of kinds) {
    const place = join(folder, `${kind}s`);
    const names = await readdir(place).catch(() => [] as string[]);
    for (const file of names.filter((name) => name.endsWith(".sql")).sort()) {
      const sql = (await readFile(join(place, file), "utf8")).replaceAll("\r\n", "\n");
      const [name = "", table] = file.slice(0, -".sql".length).split(".").reverse();
      files.push({ kind, name, sql, ...(table === undefined ? {} : { table }) });
    }
  }
  const text = await readFile(join(folder, "repeatables.json"), "utf8").catch(() => `{"version": 0}`);
  const { version } = JSON.parse(text) as { version: number };
  const hash = createHash("sha256");
  for (const { kind, table, name, sql } of files) hash.update(JSON.stringify([kind, table, name, sql]));
  const grants = await readGrants(folder);
  if (grants !== undefined) hash.update(JSON.stringify(grants));
  return { version, checksum: hash.digest("hex"), files, grants };
}

/** Whether the objects in the database are those of the files, or of an older or a newer version of them. */
export async function compareRepeatables(
  client: Client,
  { version, checksum }: Repeatables,
): Promise<"same" | "older" | "newer"> {
  const recorded = await readRecorded(client);
  if (recorded === undefined) return "older";
  if (recorded.version > version) return "newer";
  return recorded.checksum === checksum ? "same" : "older";
}

/**
 * Makes the objects of the database what the files say, in the open transaction. Objects whose file is gone are dropped.
 * @throws {Problem} `internal/error` that names the object, unless another try may help
 */
export async function applyRepeatables(
  client: Client,
  { version, checksum, files }: Repeatables,
): Promise<void> {
  const recorded = (await readRecorded(client))?.objects ?? [];
  const kept = new Set(files.map(identityOf));
  const gone = recorded.filter((each) => !kept.has(identityOf(each)));

  // A function may call one that comes later, so their bodies are not checked while they are created.
  await client.query("set local check_function_bodies = off");
  // The columns of a view can only be changed by dropping it. A later view may read an earlier one.
  const views = new Map(only("view", [...recorded, ...files]).map((view) => [view.name, view]));
  for (const view of [...views.values()].sort((a, b) => (a.name < b.name ? 1 : -1)))
    await change(view, "dropped", () => client.query(`drop view if exists "${view.name}"`));
  for (const file of only("function", files))
    await change(file, "created", () => replaceFunction(client, file));
  for (const file of [...only("view", files), ...only("trigger", files)])
    await change(file, "created", () => client.query(file.sql));
  for (const trigger of only("trigger", gone))
    await change(trigger, "dropped", () =>
      client.query(`drop trigger if exists "${trigger.name}" on "${trigger.table}"`),
    );
  await bindSearchPaths(client);
  for (const each of only("function", gone))
    await change(each, "dropped", async () => dropFunctions(client, await signatures(client, each.name)));
  await record(client, { version, checksum, objects: files.map(({ sql: _sql, ...object }) => object) });
}

const only = <T extends DatabaseObject>(kind: DatabaseObject["kind"], objects: readonly T[]): T[] =>
  objects.filter((each) => each.kind === kind);

const identityOf = ({ kind, name, table = "" }: DatabaseObject): string => `${kind} ${table} ${name}`;

/** A function with the rights of the owner must find the owner's tables, whatever its caller puts before them. */
async function bindSearchPaths(client: Client): Promise<void> {
  const { rows } = await client.query<{ signature: string; schema: string }>(
    `select oid::regprocedure::text as signature, quote_ident(current_schema()) as schema from pg_proc
     where pronamespace = current_schema()::regnamespace and prosecdef
       and not coalesce(proconfig, '{}') @> array['search_path=' || quote_ident(current_schema()) || ', pg_temp']`,
  );
  for (const { signature, schema } of rows)
    await client.query(`alter function ${signature} set search_path = ${schema}, pg_temp`);
}

/** Creates a function, or replaces it in place, so that statements that run at the same time still find it. */
async function replaceFunction(
  client: Client,
  { name, sql }: DatabaseObject & { sql: string },
): Promise<void> {
  const before = await signatures(client, name);
  await client.query("savepoint replacing");
  try {
    await client.query(sql);
  } catch (error) {
    // PostgreSQL changes neither the result nor the names of the parameters in place.
    if (sqlState(error) !== "42P13") throw error;
    await client.query("rollback to savepoint replacing");
    await dropFunctions(client, before);
    await client.query(sql);
    return;
  }
  // With other types of parameters this is a second function. Nothing calls the first one any more.
  if ((await signatures(client, name)).length > before.length) await dropFunctions(client, before);
}

/** Functions of this name, as `name(types of its parameters)`. */
async function signatures(client: Client, name: string): Promise<string[]> {
  const { rows } = await client.query<{ signature: string }>(
    `select oid::regprocedure::text as signature from pg_proc
     where proname = $1 and pronamespace = current_schema()::regnamespace`,
    [name],
  );
  return rows.map(({ signature }) => signature);
}

async function dropFunctions(client: Client, signatures: readonly string[]): Promise<void> {
  for (const signature of signatures) await client.query(`drop function ${signature}`);
}

/** Does `work`. When the database refuses, throws a problem that names the object. */
async function change(
  { kind, name }: DatabaseObject,
  what: "created" | "dropped",
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (isProblem(toProblem(error)) || isLockConflict(error)) throw error;
    throw new Problem(
      "internal/error",
      `The ${kind} ${name} cannot be ${what}: ${describeError(error)}. Nothing was changed.`,
      { file: name },
      { cause: error },
    );
  }
}

async function readRecorded(client: Client): Promise<Recorded | undefined> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass('"_repeatables"') is not null as found`,
  );
  if (!rows[0]?.found) return undefined;
  return (await client.query<Recorded>('select version, checksum, objects from "_repeatables"')).rows[0];
}

async function record(client: Client, { version, checksum, objects }: Recorded): Promise<void> {
  await client.query(
    `create table if not exists "_repeatables" (
       "only" boolean primary key default true check ("only"),
       version integer not null,
       checksum text not null,
       objects jsonb not null,
       applied_at timestamptz not null default now())`,
  );
  await client.query(
    `insert into "_repeatables" (version, checksum, objects) values ($1, $2, $3)
     on conflict ("only") do update set version = excluded.version, checksum = excluded.checksum,
       objects = excluded.objects, applied_at = now()`,
    [version, checksum, JSON.stringify(objects)],
  );
}
