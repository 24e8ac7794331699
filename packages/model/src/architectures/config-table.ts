import { harmless, neutral, obeyed, type FieldTable } from "../checkpoint/field-table.ts";

/** Reasons why a field of `config.json` cannot change the last hidden state of a text. */
const training = harmless("it is for training");
const generation = harmless("it is for generating text");
const head = harmless("it is about a head or a task, which are not computed");
const returned = harmless("it says what a call returns, or how it is computed, and not what");
const origin = harmless("it says where the file comes from, or which class reads it");
const tokens = harmless("it names a token");

const every: FieldTable = {
  model_type: obeyed,
  vocab_size: obeyed,
  hidden_size: obeyed,
  intermediate_size: obeyed,
  num_hidden_layers: obeyed,
  num_attention_heads: obeyed,
  max_position_embeddings: obeyed,
  hidden_act: obeyed,
  pad_token_id: obeyed,
  bos_token_id: obeyed,
  eos_token_id: obeyed,
  tie_word_embeddings: obeyed,
  dtype: obeyed,
  torch_dtype: obeyed,

  initializer_range: training,
  attention_dropout: training,
  hidden_dropout: training,
  hidden_dropout_prob: training,
  attention_probs_dropout_prob: training,
  resid_pdrop: training,
  embd_pdrop: training,
  classifier_dropout: training,
  gradient_checkpointing: training,

  use_cache: generation,
  cache_implementation: generation,
  max_length: generation,
  min_length: generation,
  do_sample: generation,
  num_beams: generation,
  temperature: generation,
  top_k: generation,
  top_p: generation,
  repetition_penalty: generation,
  length_penalty: generation,
  no_repeat_ngram_size: generation,
  decoder_start_token_id: generation,
  forced_bos_token_id: generation,
  forced_eos_token_id: generation,

  id2label: head,
  label2id: head,
  num_labels: head,
  problem_type: head,
  task_specific_params: head,
  finetuning_task: head,
  summary_type: head,
  final_logit_softcapping: head,
  logits_scaling: head,
  tie_encoder_decoder: head,
  pooler_fc_size: head,
  pooler_num_attention_heads: head,
  pooler_num_fc_layers: head,
  pooler_size_per_head: head,
  pooler_type: head,

  output_hidden_states: returned,
  output_attentions: returned,
  output_past: returned,
  return_dict: returned,
  torchscript: returned,
  chunk_size_feed_forward: returned,
  attn_implementation: returned,

  architectures: origin,
  auto_map: origin,
  transformers_version: origin,
  name_or_path: origin,
  tokenizer_class: origin,
  model_max_length: harmless("tokenizer_config.json says the longest text"),
  directionality: origin,
  is_llama_config: origin,
  "transformers.js_config": origin,
  unsloth_version: origin,
  unsloth_fixed: origin,

  sep_token_id: tokens,
  cls_token_id: tokens,
  mask_token_id: tokens,
  unk_token_id: tokens,

  is_encoder_decoder: neutral(false),
  quantization_config: neutral(),
  quantization: neutral(),
  per_layer_config: neutral(),
  pruned_heads: neutral(),
};

const decoder: FieldTable = {
  ...every,
  num_key_value_heads: obeyed,
  rms_norm_eps: obeyed,
  rope_theta: obeyed,
  rope_scaling: obeyed,
  rope_parameters: obeyed,
  is_causal: obeyed,
  head_dim: obeyed,
  pretraining_tp: returned,
};

const biases: FieldTable = { attention_bias: obeyed, mlp_bias: obeyed };
const windows: FieldTable = {
  sliding_window: obeyed,
  use_sliding_window: obeyed,
  max_window_layers: obeyed,
  layer_types: obeyed,
};
const gemma: FieldTable = {
  ...decoder,
  hidden_activation: obeyed,
  attention_bias: obeyed,
  use_bidirectional_attention: obeyed,
};
const encoder: FieldTable = {
  ...every,
  layer_norm_eps: obeyed,
  type_vocab_size: obeyed,
  is_decoder: neutral(false),
  add_cross_attention: neutral(false),
  position_embedding_type: neutral("absolute"),
};

/** Every field of `config.json` that is known, for each `model_type`; what is in no table is read past with a remark. */
export const configTable = {
  llama: { ...decoder, ...biases },
  mistral: { ...decoder, sliding_window: obeyed },
  qwen2: { ...decoder, ...windows },
  qwen3: { ...decoder, ...windows, attention_bias: obeyed },
  phi3: {
    ...decoder,
    sliding_window: obeyed,
    partial_rotary_factor: obeyed,
    original_max_position_embeddings: obeyed,
    default_theta: neutral(),
  },
  gemma,
  gemma2: {
    ...gemma,
    query_pre_attn_scalar: obeyed,
    sliding_window: obeyed,
    layer_types: obeyed,
    attn_logit_softcapping: obeyed,
  },
  gemma3_text: {
    ...gemma,
    query_pre_attn_scalar: obeyed,
    sliding_window: obeyed,
    sliding_window_pattern: obeyed,
    layer_types: obeyed,
    rope_local_base_freq: obeyed,
    attn_logit_softcapping: harmless("transformers reads it and does not apply it"),
  },
  olmo2: { ...decoder, attention_bias: obeyed },
  granite: {
    ...decoder,
    ...biases,
    embedding_multiplier: obeyed,
    attention_multiplier: obeyed,
    residual_multiplier: obeyed,
  },
  smollm3: {
    ...decoder,
    ...biases,
    ...windows,
    no_rope_layers: obeyed,
    no_rope_layer_interval: obeyed,
  },
  bert: encoder,
  roberta: encoder,
  "xlm-roberta": encoder,
} as const satisfies Record<string, FieldTable>;

/** The names of the fields that are known of an architecture. */
export const fieldsOf = (type: keyof typeof configTable): string[] => Object.keys(configTable[type]);
