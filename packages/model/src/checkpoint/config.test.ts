import { expect, test } from "vitest";
import { tinyConfig } from "../testing/tiny-model.ts";
import { configOfLayers, parseConfig } from "./config.ts";

const parse = (changes: Record<string, unknown>) =>
  parseConfig(JSON.stringify({ ...tinyConfig, ...changes }));

test("the spellings of transformers 4 and 5 mean the same", () => {
  const { source: _4, ...four } = parse({ rope_theta: 5e5, rope_scaling: null, torch_dtype: "bfloat16" });
  const spelling = { rope_theta: undefined, torch_dtype: undefined, dtype: "bfloat16" };
  const { source: _5, ...five } = parse({
    ...spelling,
    rope_parameters: { rope_theta: 5e5, rope_type: "default" },
  });
  expect(five).toEqual(four);
  expect(five).toMatchObject({
    rotary: [{ turned: 4, theta: 5e5, scaling: { kind: "default" } }],
    dtype: "BF16",
  });
});

test("what is left out takes the default of the architecture", () => {
  const bare = parse({
    num_key_value_heads: undefined,
    rope_theta: undefined,
    tie_word_embeddings: undefined,
    rms_norm_eps: undefined,
  });
  expect(bare).toMatchObject({
    rotary: [{ theta: 10_000 }],
    tiedEmbeddings: false,
    finalNorm: { epsilon: 1e-6 },
  });
  expect(bare.blocks[0]?.attention).toMatchObject({ keyValueHeads: 4, headSize: 4 });
  expect(parse({ head_dim: 8 }).blocks[3]?.attention.headSize).toBe(8);
  expect(parse({ eos_token_id: [7, 8], bos_token_id: null })).toMatchObject({
    eosTokenId: 7,
    bosTokenId: undefined,
  });
});

test.each<[field: string, value: unknown, pointer?: string]>([
  ["model_type", "mamba"],
  ["model_type", "__proto__"],
  ["model_type", undefined],
  ["hidden_act", "relu"],
  ["rope_scaling", { rope_type: "yarn", factor: 8 }, "/rope_scaling/rope_type"],
  ["rope_scaling", { type: "linear", factor: 2, beta: 1 }, "/rope_scaling/beta"],
  ["rope_parameters", { rope_type: "default", factor: 2 }, "/rope_parameters/factor"],
  ["torch_dtype", "float8_e4m3fn"],
  ["quantization_config", { bits: 4 }],
  ["sliding_window", 4096],
])("an unsupported %s is refused by name", (field, value, pointer = `/${field}`) => {
  expect(() => parse({ [field]: value })).toThrow(
    expect.objectContaining({ code: "config/unsupported", facts: { file: "config.json", field: pointer } }),
  );
});

test.each<[field: string, value: unknown]>([
  ["hidden_size", undefined],
  ["hidden_size", "64"],
  ["hidden_size", 1e12],
  ["num_hidden_layers", 0],
  ["num_hidden_layers", 2.5],
  ["num_hidden_layers", -3],
  ["num_key_value_heads", 3],
  ["num_attention_heads", 3],
  ["head_dim", 5],
  ["rope_scaling", "linear"],
  ["rope_scaling", { type: "linear" }],
  ["rope_scaling", { rope_type: "llama3", factor: 8, low_freq_factor: 4, high_freq_factor: 1 }],
  ["rope_scaling", { type: "longrope", short_factor: [1], long_factor: [1, 1] }],
  ["vocab_size", null],
  ["rms_norm_eps", 0],
  ["tie_word_embeddings", "yes"],
  ["eos_token_id", -5],
])("a %s of %j is refused by field", (field, value) => {
  expect(() => parse({ [field]: value })).toThrow(expect.objectContaining({ code: "config/malformed" }));
});

test.each([
  ["", 0],
  ["[]", 0],
  ['{"model_type":"llama",}', 22],
])("text that is not one JSON object is refused with its byte: %s", (text, byte) => {
  expect(() => parseConfig(text)).toThrow(
    expect.objectContaining({ code: "config/malformed", facts: { file: "config.json", byte } }),
  );
});

test("numbers keep their spelling, which Python reads as their type", () => {
  const text = JSON.stringify({ ...tinyConfig, made_up: { ratio: 1, list: [2, 3.5] } })
    .replace('"rope_theta":10000', '"rope_theta":1e4')
    .replace('"ratio":1', '"ratio":1.0')
    .replace("[2,3.5]", "[2.0,3.50]");
  const written = configOfLayers(parseConfig(text), 2);
  expect(written).toContain('"rope_theta": 1e4,');
  expect(written).toContain('"ratio": 1.0,');
  expect(written.replace(/\s/g, "")).toContain('"list":[2.0,3.50]');
  expect(written).toContain('"num_hidden_layers": 2,');
});

test("keeps infinities of fields that nobody reads as Python spells them", () => {
  const config = parseConfig(JSON.stringify(tinyConfig).replace("{", '{"z":Infinity,"y":-Infinity,"x":NaN,'));
  const written = configOfLayers(config, 2);
  expect(written).toContain('"z": Infinity');
  expect(written).toContain('"y": -Infinity');
  expect(written).toContain('"x": NaN');
  const read = JSON.stringify(tinyConfig).replace('"rms_norm_eps":0.00001', '"rms_norm_eps":NaN');
  expect(() => parseConfig(read)).toThrow(/rms_norm_eps is NaN/);
});

test.each([
  [
    { rope_parameters: { rope_type: "linear", factor: 2, partial_rotary_factor: 0.5 } },
    /partial_rotary_factor/,
  ],
  [{ partial_rotary_factor: 0.5, rope_scaling: { type: "linear", factor: 2 } }, /partial_rotary_factor/],
])("%j is refused where transformers does not apply it", (fields, named) => {
  expect(() => parseConfig(JSON.stringify({ ...tinyConfig, ...fields }))).toThrow(named);
});

test("SmolLM3 has a rotary base of its own where the file says none", () => {
  const { rope_theta: _, ...silent } = tinyConfig;
  const config = parseConfig(JSON.stringify({ ...silent, model_type: "smollm3" }));
  expect(config.rotary).toMatchObject([{ theta: 2_000_000 }]);
});
