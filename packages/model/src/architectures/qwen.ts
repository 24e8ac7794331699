import { decoder, readActivation, windows, type DecoderTraits } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import type { ModelConfig } from "./model-config.ts";

/** Qwen 2 and 2.5: biases on query, key and value. Yang et al. 2024 (arXiv:2407.10671). */
export const qwen2 = (config: Fields): ModelConfig =>
  decoder(config, {
    ...shared(config),
    modelClass: "Qwen2Model",
    bias: { projection: true },
  });

/** Qwen 3: norms of each query and key head. Yang et al. 2025 (arXiv:2505.09388). */
export function qwen3(config: Fields): ModelConfig {
  const biased = config.flag("attention_bias", false);
  return decoder(config, {
    ...shared(config),
    modelClass: "Qwen3Model",
    headSize: 128,
    bias: { projection: biased, output: biased },
    queryKeyNorm: "head",
  });
}

/** Where windows are on, the layers from `max_window_layers` look through one. */
function shared(config: Fields): Omit<DecoderTraits, "modelClass"> {
  const window = config.flag("use_sliding_window", false)
    ? config.integer("sliding_window", 1, 16_777_216, 4096)
    : undefined;
  const first = config.integer("max_window_layers", 0, 1024, 28);
  return {
    keyValueHeads: 32,
    maxPositions: 32_768,
    activation: readActivation(config, "hidden_act", "silu"),
    windowOf: windows(config, window, (layer) => layer >= first),
  };
}
