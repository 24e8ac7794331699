import type { ModelConfig } from "@espalier/model";
import { parseConfig } from "@espalier/model";
import { Random } from "./random.ts";

/** Longest text the model is trained on, in tokens. */
export const LENGTH = 80;

/** The content of `config.json`: deep and thin, so that there is depth to prune. */
export const CONFIG = {
  architectures: ["LlamaForCausalLM"],
  model_type: "llama",
  hidden_act: "silu",
  hidden_size: 128,
  intermediate_size: 352,
  num_hidden_layers: 12,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 32,
  vocab_size: 2048,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: LENGTH,
  attention_bias: false,
  mlp_bias: false,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 1,
  pad_token_id: 1,
  initializer_range: 0.05,
  torch_dtype: "bfloat16",
};

/** The demo's language model. */
export const MODEL: ModelConfig = parseConfig(JSON.stringify(CONFIG));

/**
 * Weights before training: normal with deviation 0.05, smaller for the two projections of each layer that add to the
 * residual stream (GPT-2), ones for the norms.
 */
export function initialise(
  shapes: ReadonlyMap<string, readonly number[]>,
  seed: number,
): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  const layers = Math.max(1, [...shapes.keys()].filter((name) => name.endsWith("o_proj.weight")).length);
  for (const [name, shape] of shapes) {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (shape.length === 1) values.fill(1);
    else {
      const rng = new Random(seed, name);
      const deviation = /(?:o_proj|down_proj)\.weight$/u.test(name) ? 0.05 / Math.sqrt(2 * layers) : 0.05;
      for (let index = 0; index < values.length; index++) values[index] = deviation * rng.normal();
    }
    weights.set(name, values);
  }
  return weights;
}
