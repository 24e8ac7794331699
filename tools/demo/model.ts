import type { LlamaConfig } from "@espalier/encoder";
import { Random } from "./random.ts";

/** The demo's language model: deep and thin, so that there is depth to prune. */
export const MODEL: LlamaConfig = {
  layers: 12,
  hiddenSize: 128,
  intermediateSize: 352,
  heads: 4,
  keyValueHeads: 2,
  headSize: 32,
  vocabularySize: 2048,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
};

/** Longest text the model is trained on, in tokens. */
export const LENGTH = 80;

/** The content of `config.json`. */
export function modelConfig(config: LlamaConfig, length: number): object {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    hidden_act: "silu",
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    vocab_size: config.vocabularySize,
    rms_norm_eps: config.normEpsilon,
    rope_theta: config.ropeTheta,
    max_position_embeddings: length,
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: true,
    bos_token_id: 0,
    eos_token_id: 1,
    pad_token_id: 1,
    initializer_range: 0.05,
    torch_dtype: "bfloat16",
  };
}

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
