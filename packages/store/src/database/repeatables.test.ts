import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readRepeatables } from "./repeatables.ts";

const home = fileURLToPath(new URL("../../../../prisma", import.meta.url));
/** The last migration that was written before functions, views and triggers had files of their own. */
const lastMixed = "20261125170000_progress";

it("every change of a function, view or trigger raises the version in prisma/repeatables.json", async () => {
  const { version, checksum } = await readRepeatables(home);
  const written = JSON.parse(await readFile(join(home, "repeatables.json"), "utf8")) as object;
  // If this fails after a change of the files: raise `version` by one, and write the checksum that was received.
  expect({ version, checksum }).toEqual(written);
});

it("a migration makes no function, view or trigger: they have files of their own", async () => {
  const names = (await readdir(join(home, "migrations"), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name > lastMixed)
    .map(({ name }) => name);
  for (const name of names)
    expect(await readFile(join(home, "migrations", name, "migration.sql"), "utf8"), name).not.toMatch(
      /\bcreate\s+(or\s+replace\s+)?(function|procedure|view|trigger)\b/i,
    );
});

it("each file makes the object that it is named after", async () => {
  for (const { kind, name, table, sql } of (await readRepeatables(home)).files) {
    expect(sql, name).toMatch(
      {
        function: new RegExp(`^(--.*\n)*CREATE OR REPLACE FUNCTION "${name}"\\(`),
        view: new RegExp(`^(--.*\n)*CREATE VIEW "${name}" `),
        trigger: new RegExp(`^(--.*\n)*CREATE OR REPLACE TRIGGER "${name}" [^;]* ON "${table}"\\s`),
      }[kind],
    );
    expect(table === undefined, name).toBe(kind !== "trigger");
  }
});
