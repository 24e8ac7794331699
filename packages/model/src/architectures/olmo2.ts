import { decoder, readActivation } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

/** OLMo 2: norms after attention and feed-forward, and of all queries and keys together. OLMo Team 2024 (arXiv:2501.00656). */
export function olmo2(config: Fields): ModelConfig {
  const biased = config.flag("attention_bias", false);
  return decoder(config, {
    modelClass: "Olmo2Model",
    epsilon: 1e-5,
    activation: readActivation(config, "hidden_act", "silu"),
    bias: { projection: biased, output: biased },
    norms: {
      attention: { after: "post_attention_layernorm" },
      feedForward: { after: "post_feedforward_layernorm" },
    },
    queryKeyNorm: "all",
  });
}
