import { decoder, readActivation } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

/** Llama 1 to 3 and what shares its shape, such as SmolLM 1 and 2. Touvron et al. 2023 (arXiv:2302.13971). */
export function llama(config: Fields): ModelConfig {
  config.only({ sliding_window: [], use_bidirectional_attention: [false] });
  const biased = config.flag("attention_bias", false);
  return decoder(config, {
    modelClass: "LlamaModel",
    activation: readActivation(config, "hidden_act", "silu"),
    bias: { projection: biased, output: biased, feedForward: config.flag("mlp_bias", false) },
  });
}
