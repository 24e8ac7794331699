import type { Fields } from "./fields.ts";
import type { Activation, Block, Linear, ModelConfig, Norm } from "./model-config.ts";
import { readCommon } from "./shared-fields.ts";

interface EncoderTraits {
  readonly modelClass: string;
  /** Before the names of a model with a head. */
  readonly prefix: string;
  /** Which row of the position table the first token takes. */
  readonly firstPosition: (padTokenId: number) => number;
  readonly padTokenId: number;
}

/** BERT, MiniLM, BGE and E5. Devlin et al. 2018 (arXiv:1810.04805). */
export const bert = (config: Fields): ModelConfig =>
  bidirectionalEncoder(config, {
    modelClass: "BertModel",
    prefix: "bert.",
    firstPosition: () => 0,
    padTokenId: 0,
  });

/** RoBERTa: positions count from after the padding's id. Liu et al. 2019 (arXiv:1907.11692). */
export const roberta = (config: Fields): ModelConfig =>
  bidirectionalEncoder(config, {
    modelClass: "RobertaModel",
    prefix: "roberta.",
    firstPosition: (pad) => pad + 1,
    padTokenId: 1,
  });

/** XLM-RoBERTa, multilingual E5 and BGE-M3. Conneau et al. 2019 (arXiv:1911.02116). */
export const xlmRoberta = (config: Fields): ModelConfig => ({
  ...roberta(config),
  modelClass: "XLMRobertaModel",
});

const activations = {
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
} as const satisfies Record<string, Activation>;

function bidirectionalEncoder(config: Fields, traits: EncoderTraits): ModelConfig {
  config.only({
    is_decoder: [false],
    add_cross_attention: [false],
    position_embedding_type: ["absolute"],
    quantization_config: [],
  });
  const hiddenSize = config.integer("hidden_size", 1, 65_536);
  const heads = config.integer("num_attention_heads", 1, 1024);
  if (hiddenSize % heads !== 0)
    config.malformed(
      "num_attention_heads",
      `is ${heads}, and hidden_size ${hiddenSize} is not a multiple of it`,
    );
  const headSize = hiddenSize / heads;
  const layers = config.integer("num_hidden_layers", 1, 1024);
  const intermediateSize = config.integer("intermediate_size", 1, 1_048_576);
  const rows = config.integer("max_position_embeddings", 1, 16_777_216, 512);
  const epsilon = config.real("layer_norm_eps", 1e-15, 0.1, 1e-12);
  const words = Object.keys(activations) as (keyof typeof activations)[];
  const activation = activations[config.word("hidden_act", words, "gelu")];
  const padding = config.tokenId("pad_token_id") ?? traits.padTokenId;
  const first = traits.firstPosition(padding);
  if (first > 0 && config.source.get("pad_token_id") === -1)
    config.unsupported("pad_token_id", "is -1; positions count from after the padding's id");
  if (first >= rows) config.malformed("pad_token_id", "leaves no row of the position table");

  const norm = (name: string): Norm => ({ name, kind: "layer", width: hiddenSize, epsilon });
  const from = (name: string, inputs: number, outputs: number): Linear => ({
    name,
    inputs,
    outputs,
    bias: true,
  });
  const blocks = Array.from({ length: layers }, (_, index): Block => {
    const layer = `encoder.layer.${index}.`;
    const self = (name: string) => from(`${layer}attention.self.${name}`, hiddenSize, hiddenSize);
    return {
      attention: {
        closing: norm(`${layer}attention.output.LayerNorm`),
        residualScale: 1,
        heads,
        keyValueHeads: heads,
        headSize,
        scale: headSize ** -0.5,
        projection: { query: self("query"), key: self("key"), value: self("value") },
        output: from(`${layer}attention.output.dense`, hiddenSize, hiddenSize),
      },
      feedForward: {
        closing: norm(`${layer}output.LayerNorm`),
        residualScale: 1,
        activation,
        width: intermediateSize,
        projection: { up: from(`${layer}intermediate.dense`, hiddenSize, intermediateSize) },
        down: from(`${layer}output.dense`, intermediateSize, hiddenSize),
      },
    };
  });
  return {
    ...readCommon(config),
    modelClass: traits.modelClass,
    layers,
    hiddenSize,
    maxPositions: rows - first,
    embedding: {
      table: "embeddings.word_embeddings.weight",
      scale: 1,
      positions: {
        table: "embeddings.position_embeddings.weight",
        rows,
        first,
        ...(first > 0 && { padding }),
      },
      tokenTypes: {
        table: "embeddings.token_type_embeddings.weight",
        rows: config.integer("type_vocab_size", 1, 1024, 2),
      },
      norm: norm("embeddings.LayerNorm"),
    },
    blocks,
    rotary: [],
    direction: "bidirectional",
    naming: {
      prefix: traits.prefix,
      layer: "encoder.layer.",
      carried: /^(pooler|cls|lm_head|classifier|pre_classifier|qa_outputs|score|v_head)\./,
      dropped: /(^|\.)embeddings\.(position_ids|token_type_ids)$/,
    },
    tiedEmbeddings: config.flag("tie_word_embeddings", true),
  };
}
