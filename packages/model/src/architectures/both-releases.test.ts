import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { configOfLayers, parseConfig } from "../checkpoint/config.ts";
import { loadByBoth } from "../tokenizer-files/tokenizer-class.ts";
import { parseJson, type JsonObject } from "../checkpoint/json.ts";

const folder = new URL("../testing/goldens/", import.meta.url);
const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(name, folder), "utf8")) as unknown;
const { configs: release4 } = (await read("configs4.json")) as { configs: Record<string, object> };
const { cases } = (await read("architectures.json")) as { cases: Record<string, { config: object }> };

const onlyIn4 = ["rope_theta", "rope_scaling", "rope_local_base_freq", "torch_dtype"];
const onlyIn5 = ["rope_parameters", "dtype"];

/** What is computed of a config without some fields. */
function described(text: string, without: readonly string[] = []): object {
  const fields = Object.entries(JSON.parse(text) as object).filter(([key]) => !without.includes(key));
  const config = parseConfig(JSON.stringify(Object.fromEntries(fields)));
  const { source: _, spellings: __, remarks: ___, ...rest } = config;
  return rest;
}

test.each([
  ...Object.entries(release4).map(([name, config]) => [name, "4", config] as const),
  ...Object.entries(cases).map(([name, { config }]) => [name, "5", config] as const),
])(
  "config.json of %s by release %s is written so that each release reads the same in its own spelling",
  (...[, , config]) => {
    const text = JSON.stringify({ ...config, dtype: "bfloat16" });
    const written = configOfLayers(parseConfig(text), parseConfig(text).layers);
    expect(described(written, onlyIn5)).toEqual(described(text));
    expect(described(written, onlyIn4)).toEqual(described(text));
    expect(JSON.parse(written)).toMatchObject({ dtype: "bfloat16", torch_dtype: "bfloat16" });
    const again = parseConfig(written);
    expect(configOfLayers(again, again.layers)).toBe(written);
  },
);

test("numbers keep their spelling where they are written again, and integers lose a fraction of nothing", () => {
  const text = `{"model_type":"llama","hidden_size":16.0,"intermediate_size":24,"num_hidden_layers":2.0,
    "num_attention_heads":4,"vocab_size":32,"rope_parameters":{"rope_type":"linear","factor":2.0,"rope_theta":500000.0}}`;
  const written = configOfLayers(parseConfig(text), 2);
  expect(written).toContain('"hidden_size": 16,');
  expect(written).toContain('"num_hidden_layers": 2,');
  expect(written).toContain('"rope_theta": 500000.0,\n');
  expect(written.match(/"factor": 2\.0/g)).toHaveLength(2);
  expect(written.match(/"rope_theta": 500000\.0/g)).toHaveLength(2);
});

test.each([
  [
    { tokenizer_class: "TokenizersBackend", backend: "tokenizers", is_local: true },
    { tokenizer_class: "PreTrainedTokenizerFast", is_local: true },
  ],
  [
    { extra_special_tokens: ["<a>", "<b>"], additional_special_tokens: ["<a>"] },
    { additional_special_tokens: ["<a>", "<b>"] },
  ],
  [{ extra_special_tokens: [] }, {}],
])("tokenizer_config.json %j is made one that both releases load", (before, after) => {
  const config = parseJson(JSON.stringify(before)) as JsonObject;
  expect(loadByBoth(config)).toBe(true);
  expect(Object.fromEntries(config)).toEqual(after);
  expect(loadByBoth(config)).toBe(false);
});
