import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { experimentFileSchema } from "../../packages/contract/src/index.ts";
import { experimentFields } from "./experiment-file.ts";

const page = new URL("../../docs/experiment-file.md", import.meta.url);
const table = /(?<=<!-- fields -->\n\n)[^]*?(?=\n\n<!-- end of fields -->)/;

test("docs/experiment-file.md lists every field of an experiment as its schema has it", () => {
  const text = readFileSync(page, "utf8");
  // To write the table anew: ESPALIER_WRITE=1 npx vitest run tools/reference
  if (process.env["ESPALIER_WRITE"] === "1")
    writeFileSync(
      page,
      text.replace(table, () => experimentFields()),
    );
  expect(readFileSync(page, "utf8").match(table)?.[0]).toBe(experimentFields());
});

test("docs/experiment.schema.json is the schema of an experiment's file", () => {
  const file = new URL("../../docs/experiment.schema.json", import.meta.url);
  const schema = JSON.parse(JSON.stringify(experimentFileSchema)) as unknown;
  if (process.env["ESPALIER_WRITE"] === "1") writeFileSync(file, `${JSON.stringify(schema, null, 2)}\n`);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(schema);
});
