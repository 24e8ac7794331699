import { decoder, readActivation } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

/** Mistral: every layer looks back over a sliding window. Jiang et al. 2023 (arXiv:2310.06825). */
export function mistral(config: Fields): ModelConfig {
  // null says that there is no window; a file that is silent means the first release's.
  const window = config.source.has("sliding_window") ? readWindow(config) : 4096;
  return decoder(config, {
    modelClass: "MistralModel",
    keyValueHeads: 8,
    maxPositions: 131_072,
    activation: readActivation(config, "hidden_act", "silu"),
    // transformers reads no layer_types of this architecture.
    windowOf: () => window,
  });
}

/** `sliding_window`, or none where it is null. */
export const readWindow = (config: Fields): number | undefined =>
  config.has("sliding_window") ? config.integer("sliding_window", 1, 16_777_216) : undefined;
