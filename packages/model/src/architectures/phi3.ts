import { decoder, readActivation } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import { readWindow } from "./mistral.ts";
import type { ModelConfig } from "./model-config.ts";

/** Phi-3 and Phi-4: fused matrices, long context by LongRoPE. Abdin et al. 2024 (arXiv:2404.14219). */
export function phi3(config: Fields): ModelConfig {
  const window = readWindow(config);
  return decoder(config, {
    modelClass: "Phi3Model",
    maxPositions: 4096,
    epsilon: 1e-5,
    activation: readActivation(config, "hidden_act", "silu"),
    fused: true,
    partialRotary: true,
    original: 4096,
    windowOf: () => window,
  });
}
