import type { WeightSource } from "@espalier/tensor";
import {
  embeddingTable,
  type EmbeddingTable,
  expectedTensors,
  type ModelConfig,
  parseConfig,
} from "@espalier/model";
import type { LoadedModel } from "../loaded-model.ts";
import { Random } from "../random.ts";
import { parseTokenizer, type Tokenizer } from "@espalier/model/tokenizer";

/** Small enough for the interpreter, with every trait of a Llama: grouped queries, heads wider than hidden/heads. */
export const tinyLlama = parseConfig(
  JSON.stringify({
    model_type: "llama",
    num_hidden_layers: 3,
    hidden_size: 8,
    intermediate_size: 10,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 6,
    vocab_size: 28,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: true,
  }),
);

/** A model of seeded random weights that reads lower-case letters and blanks, one token each. */
export function tinyEncoder(config = tinyLlama, seed = 1): LoadedModel {
  const random = Random.seeded(seed);
  const weights = new Map<string, Extract<WeightSource, { data: Float32Array }>>();
  for (const [name, shape] of expectedTensors(config)) {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const isNorm = shape.length === 1;
    for (let i = 0; i < data.length; i++) data[i] = (isNorm ? 1 : 0) + (random.uniform() - 0.5) * 0.8;
    weights.set(name, { data, shape });
  }
  return { config, weights, tokenizer: letterTokenizer(), embedding: embeddingOf(config, weights) };
}

/** The embedding of a model whose weights are arrays. */
export function embeddingOf(
  config: ModelConfig,
  weights: ReadonlyMap<string, { readonly data: Float32Array }>,
): EmbeddingTable {
  const width = config.hiddenSize;
  return embeddingTable(config, width, (name) => (row, vector) => {
    const values = weights.get(name)!.data.subarray(row * width, (row + 1) * width);
    for (let k = 0; k < width; k++) vector[k]! += values[k]!;
  });
}

const vocabulary = Array.from("_abcdefghijklmnopqrstuvwxyz");

/** Reads lower-case letters and blanks, one token each: `_` or a blank is 0, `a` is 1. */
export const letterTokenizer = (): Tokenizer => parseTokenizer(letterTokenizerJson);

export const letterTokenizerJson = JSON.stringify({
  version: "1.0",
  added_tokens: [],
  normalizer: { type: "Replace", pattern: { String: " " }, content: "_" },
  pre_tokenizer: null,
  post_processor: null,
  decoder: null,
  model: {
    type: "BPE",
    unk_token: "_",
    fuse_unk: false,
    byte_fallback: false,
    vocab: Object.fromEntries(vocabulary.map((letter, id) => [letter, id])),
    merges: [],
  },
});
