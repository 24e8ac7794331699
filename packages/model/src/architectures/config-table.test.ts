import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { parseConfig } from "../checkpoint/config.ts";
import { tinyConfig } from "../testing/tiny-model.ts";
import { configTable } from "./config-table.ts";

const page = await readFile(new URL("../../../../docs/models.md", import.meta.url), "utf8");

test.each(Object.entries(configTable))(
  "docs/models.md lists what is harmless or neutral for %s",
  (_, table) => {
    const read = Object.entries(table).flatMap(([field, { kind }]) => (kind === "obeyed" ? [] : [field]));
    expect(read.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
  },
);

test("a field that transformers reads for no such architecture is named in a remark, and one that quantises is refused", () => {
  const parsed = (fields: object) => parseConfig(JSON.stringify({ ...tinyConfig, ...fields }));
  expect(parsed({ foo: 7, query_pre_attn_scalar: 3, bar: null, _note: "x" }).remarks).toEqual([
    expect.stringContaining("for llama, and that change nothing here either: foo, query_pre_attn_scalar."),
  ]);
  expect(parsed({ use_cache: true, attention_dropout: 0.5 }).remarks).toBeUndefined();
  expect(() => parsed({ quantization_config: { bits: 4 } })).toThrow(
    expect.objectContaining({
      code: "config/unsupported",
      facts: { file: "config.json", field: "/quantization_config" },
    }),
  );
});
