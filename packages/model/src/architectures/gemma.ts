import { decoder, readActivation, windows, type DecoderTraits } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";
import { readBothRotary } from "./rotary.ts";

const sandwich = {
  attention: { before: "input_layernorm", after: "post_attention_layernorm" },
  feedForward: { before: "pre_feedforward_layernorm", after: "post_feedforward_layernorm" },
};

/** Gemma: embeddings scaled by √hidden, norms that multiply by 1 + w. Gemma Team 2024 (arXiv:2403.08295). */
export function gemma(config: Fields): ModelConfig {
  config.only({ use_bidirectional_attention: [false] });
  // Released files say "gelu" and mean its approximation by tanh.
  const spelled = config.source.get("hidden_act") === "gelu";
  return decoder(config, {
    ...shared(config),
    modelClass: "GemmaModel",
    keyValueHeads: 16,
    activation: spelled ? "gelu-tanh" : readActivation(config, "hidden_act", "gelu_pytorch_tanh"),
  });
}

/** Gemma 2: norms before and after, soft caps, every other layer windowed. Gemma Team 2024 (arXiv:2408.00118). */
export function gemma2(config: Fields): ModelConfig {
  config.only({ use_bidirectional_attention: [false] });
  const window = config.source.has("sliding_window") ? config.integer("sliding_window", 1, 16_777_216) : 4096;
  return decoder(config, {
    ...shared(config),
    modelClass: "Gemma2Model",
    norms: sandwich,
    attentionScale: config.real("query_pre_attn_scalar", 1e-3, 1e6, 256) ** -0.5,
    softcap: readSoftcap(config, 50),
    windowOf: windows(config, window, (layer) => layer % 2 === 0),
  });
}

/**
 * Gemma 3's text model: norms of query and key heads, five windowed layers to each one that sees everything, each kind
 * with rotary embeddings of its own; EmbeddingGemma looks both ways. Gemma Team 2025 (arXiv:2503.19786).
 */
export function gemma3(config: Fields): ModelConfig {
  const both = config.flag("use_bidirectional_attention", false);
  const window = config.integer("sliding_window", 1, 16_777_216, 4096);
  const pattern = config.integer("sliding_window_pattern", 1, 1024, 6);
  const slides = windows(
    config,
    both ? Math.floor(window / 2) + 1 : window,
    (layer) => (layer + 1) % pattern !== 0,
  );
  return decoder(config, {
    ...shared(config),
    modelClass: "Gemma3TextModel",
    maxPositions: 131_072,
    norms: sandwich,
    queryKeyNorm: "head",
    attentionScale: config.real("query_pre_attn_scalar", 1e-3, 1e6, 256) ** -0.5,
    direction: both ? "bidirectional" : "causal",
    windowOf: slides,
    rotaryOf: (layer) => (slides(layer) === undefined ? 0 : 1),
    rotary: (headSize, maxPositions) => readBothRotary(config, { headSize, maxPositions }),
  });
}

const readSoftcap = (config: Fields, missing: number | undefined): number | undefined =>
  config.source.has("attn_logit_softcapping")
    ? config.has("attn_logit_softcapping")
      ? config.real("attn_logit_softcapping", 1e-3, 1e6)
      : undefined
    : missing;

function shared(config: Fields): Omit<DecoderTraits, "modelClass"> {
  const biased = config.flag("attention_bias", false);
  return {
    headSize: 256,
    keyValueHeads: 4,
    maxPositions: 8192,
    tied: true,
    bias: { projection: biased, output: biased },
    norm: "rms-offset",
    embeddingScale: Math.fround(Math.sqrt(config.integer("hidden_size", 1, 65_536))),
    activation: readActivation(config, "hidden_activation", "gelu_pytorch_tanh"),
  };
}
