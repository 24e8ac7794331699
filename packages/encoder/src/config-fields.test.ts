import { readFile } from "node:fs/promises";
import { isProblem } from "@espalier/contract";
import { fieldsOf, modelTypes, parseConfig, type ModelConfig } from "@espalier/model";
import { interpreter } from "@espalier/tensor";
import { describe, expect, test } from "vitest";
import { Encoder } from "./encoder.ts";
import { goldenModel } from "./testing/golden-model.ts";

/**
 * What one changed field of config.json does to the vectors of transformers (`tools/oracle/architectures/config_fields.py`).
 * Here the vector is equal within 1e-4 of its largest number, or the config is refused.
 */
type Result = number[] | "same" | "raises";
type Change = [field: string, value: unknown, result: Result] | [field: string, result: Result];
interface Golden {
  config: Record<string, unknown>;
  vector: number[];
  changes: Change[];
}

const file = new URL("../../model/src/testing/goldens/config-fields.json", import.meta.url);
const { text, cases } = JSON.parse(await readFile(file, "utf8")) as {
  text: string;
  cases: Record<string, Record<string, Golden>>;
};

/** What vectors are computed from, without what is only kept. */
const computed = ({ embedding, blocks, finalNorm, rotary, direction, ...rest }: ModelConfig): string =>
  JSON.stringify([embedding, blocks, finalNorm, rotary, direction, rest.hiddenSize, rest.vocabularySize]);

const vectors = new Map<string, Promise<Float32Array>>();

/** Many changes come to the same model. */
function vectorOf(config: ModelConfig): Promise<Float32Array> {
  const key = computed(config);
  const vector = vectors.get(key) ?? embedded(config);
  vectors.set(key, vector);
  return vector;
}

async function embedded(config: ModelConfig): Promise<Float32Array> {
  await using encoder = new Encoder(goldenModel(config), {
    engine: interpreter(),
    pooling: "weighted_mean",
    pooled: "sequence",
  });
  const [vector] = await encoder.embed([text]);
  return vector!;
}

/** The first numbers of a vector are written down. */
function distance(actual: Float32Array, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value))) / largest;
}

async function judge(golden: Golden, change: Change): Promise<string | undefined> {
  const [field] = change;
  const result = change.at(-1) as Result;
  const { [field]: before, ...others } = golden.config;
  const changed = change.length === 2 ? others : { ...others, [field]: change[1] };
  const shown = `${field}: ${change.length === 2 ? "absent" : JSON.stringify(change[1])}`;
  let config: ModelConfig;
  try {
    config = parseConfig(JSON.stringify(changed));
  } catch (error) {
    if (!isProblem(error) || !error.code.startsWith("config/")) return `${shown} fails with ${String(error)}`;
    return undefined;
  }
  // What Python refuses has no right value.
  if (result === "raises") return undefined;
  const expected = result === "same" ? golden.vector : result;
  const error = distance(await vectorOf(config), expected);
  return error < 1e-4 ? undefined : `${shown} is off by ${error.toFixed(4)}, from ${JSON.stringify(before)}`;
}

test("every architecture and every field of its table was compared", () => {
  const compared = new Map<string, Set<string>>();
  for (const { "4": short, "5": full } of Object.values(cases))
    for (const { config, changes } of [short!, full!]) {
      const type = String(config["model_type"]);
      const fields = compared.get(type) ?? new Set(["model_type"]);
      for (const [field] of changes) fields.add(field);
      compared.set(type, fields);
    }
  expect([...compared.keys()].sort()).toEqual([...modelTypes].sort());
  for (const type of modelTypes)
    expect([type, fieldsOf(type).filter((field) => !compared.get(type)!.has(field))]).toEqual([type, []]);
});

describe.each(Object.keys(cases))("%s", (name) => {
  test.each(Object.keys(cases[name]!))(
    "each changed field of config.json in the spelling of release %s changes what transformers changes",
    async (release) => {
      const golden = cases[name]![release]!;
      expect(
        distance(await vectorOf(parseConfig(JSON.stringify(golden.config))), golden.vector),
      ).toBeLessThan(1e-4);
      const wrong: string[] = [];
      for (const change of golden.changes) {
        const found = await judge(golden, change);
        if (found !== undefined) wrong.push(found);
      }
      expect(wrong).toEqual([]);
    },
  );
});
