import { describe, expect, test } from "vitest";
import { parseAdapterConfig } from "./adapter-config.ts";

const plain = { peft_type: "LORA", r: 4, lora_alpha: 8, target_modules: ["q_proj"] };
const parse = (fields: object) => parseAdapterConfig(JSON.stringify({ ...plain, ...fields }));

describe("adapter_config.json", () => {
  test.each([
    ["peft_type", "LOHA"],
    ["use_dora", true],
    ["bias", "lora_only"],
    ["lora_bias", true],
    ["use_qalora", true],
    ["trainable_token_indices", [1]],
    ["target_parameters", ["mlp.experts.gate_up_proj"]],
    ["alora_invocation_tokens", [5]],
    ["megatron_config", { a: 1 }],
    ["modules_to_save", ["embed_tokens"]],
    ["init_lora_weights", "pissa"],
    ["init_lora_weights", "pissa_niter_16"],
    ["init_lora_weights", "olora"],
    ["init_lora_weights", "loftq"],
    ["init_lora_weights", "corda"],
    ["init_lora_weights", "something new"],
    [
      "layer_replication",
      [
        [0, 2],
        [1, 4],
      ],
    ],
    ["a_field_of_tomorrow", 3],
    ["a_switch_of_tomorrow", true],
  ])("is refused by the name of %s with %j", (field, value) => {
    expect(() => parse({ [field]: value })).toThrow(
      expect.objectContaining({
        code: "config/unsupported",
        message: expect.stringContaining(field) as string,
        facts: { file: "adapter_config.json", field: `/${field}` },
      }),
    );
  });

  test.each([
    { peft_type: "IA3", feedforward_modules: ["down_proj"] },
    { peft_type: "VERA", d_initial: 0.1 },
  ])("of another kind of adapter is refused by the kind, not by a field that only it has: %j", (fields) => {
    expect(() => parse(fields)).toThrow(
      expect.objectContaining({
        code: "config/unsupported",
        facts: { file: "adapter_config.json", field: "/peft_type" },
      }),
    );
  });

  test("is accepted with fields that change nothing", () => {
    const harmless = {
      init_lora_weights: "gaussian",
      modules_to_save: ["classifier"],
      eva_config: { rho: 2 },
      loftq_config: { loftq_bits: 4 },
      megatron_core: "megatron.core",
      fan_in_fan_out: true,
      a_switch_of_tomorrow: false,
      a_config_of_tomorrow: null,
      a_table_of_tomorrow: {},
      _note: "anything",
    };
    expect(parse(harmless)).toMatchObject({ rank: 4, alpha: 8, layers: undefined });
  });

  test("may leave layers out", () => {
    const ranges = [
      [0, 2],
      [3, 4],
    ];
    expect(parse({ layer_replication: ranges }).layers).toEqual([0, 1, 3]);
    expect(parse({ layer_replication: [] }).layers).toBeUndefined();
  });

  test("gives products their own ranks and factors by the end of their names", () => {
    const { productOf } = parse({
      rank_pattern: { "layers.1.self_attn.q_proj": 2, v_proj: 8 },
      alpha_pattern: { "^.*k_proj": 1 },
    });
    expect(productOf("model.layers.1.self_attn.q_proj")).toEqual({ rank: 2, scale: 4 });
    expect(productOf("layers.0.self_attn.q_proj")).toEqual({ rank: 4, scale: 2 });
    expect(productOf("layers.0.self_attn.v_proj")).toEqual({ rank: 8, scale: 1 });
    expect(productOf("layers.0.self_attn.k_proj")).toEqual({ rank: 4, scale: 0.25 });
    const rooted = parse({ use_rslora: true, rank_pattern: { v_proj: 16 } });
    expect(rooted.alpha / rooted.rank).toBe(4);
    expect(rooted.productOf("layers.0.self_attn.v_proj")).toEqual({ rank: 16, scale: 2 });
  });

  test.each([
    [{ target_modules: ["q_proj", "v_proj"] }, ["layers.0.self_attn.v_proj"], ["layers.0.mlp.up_proj"]],
    [{ target_modules: "all-linear" }, ["layers.0.mlp.up_proj"], []],
    [{ target_modules: ".*\\.(q|v)_proj" }, ["layers.0.self_attn.v_proj"], ["layers.0.self_attn.k_proj"]],
    [
      { target_modules: ["q_proj"], exclude_modules: ["layers.1.self_attn.q_proj"] },
      ["layers.0.self_attn.q_proj", "layers.11.self_attn.q_proj"],
      ["layers.1.self_attn.q_proj"],
    ],
    [
      { target_modules: ["q_proj"], layers_to_transform: [1] },
      ["model.layers.1.self_attn.q_proj", "layers.1.self_attn.q_proj"],
      ["model.layers.0.self_attn.q_proj", "layers.11.self_attn.q_proj"],
    ],
    [
      { target_modules: ["query"], layers_to_transform: 2, layers_pattern: "layer" },
      ["encoder.layer.2.attention.self.query"],
      ["encoder.layer.1.attention.self.query"],
    ],
  ])("%j chooses layers as PEFT does", (fields, chosen, left) => {
    const { targets } = parse(fields);
    for (const name of chosen) expect([name, targets(name)]).toEqual([name, true]);
    for (const name of left) expect([name, targets(name)]).toEqual([name, false]);
  });
});
