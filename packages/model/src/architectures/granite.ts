import { decoder, readActivation } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

/** Granite 3: a Llama whose embeddings, scores and residual branches are scaled. */
export function granite(config: Fields): ModelConfig {
  const biased = config.flag("attention_bias", false);
  const multiplier = (key: string) => config.real(key, 1e-9, 1e9, 1);
  return decoder(config, {
    modelClass: "GraniteModel",
    activation: readActivation(config, "hidden_act", "silu"),
    bias: { projection: biased, output: biased, feedForward: config.flag("mlp_bias", false) },
    attentionScale: multiplier("attention_multiplier"),
    residualScale: multiplier("residual_multiplier"),
    embeddingScale: multiplier("embedding_multiplier"),
  });
}
