import { decoder, readActivation, windows } from "./decoder.ts";
import type { Fields } from "./fields.ts";
import { readWindow } from "./mistral.ts";
import type { ModelConfig } from "./model-config.ts";

/** SmolLM3: a Llama in which every fourth layer has no positions (NoPE; Yang et al. 2025, arXiv:2501.18795). */
export function smollm3(config: Fields): ModelConfig {
  const layers = config.integer("num_hidden_layers", 1, 1024);
  const interval = config.integer("no_rope_layer_interval", 1, 1024, 4);
  const listed = config.has("no_rope_layers") ? config.reals("no_rope_layers", layers) : undefined;
  const turns = (layer: number) =>
    listed === undefined ? (layer + 1) % interval !== 0 : listed[layer] !== 0;
  const window = config.flag("use_sliding_window", false) ? readWindow(config) : undefined;
  const biased = config.flag("attention_bias", false);
  return decoder(config, {
    modelClass: "SmolLM3Model",
    keyValueHeads: 4,
    maxPositions: 32_768,
    tied: true,
    theta: 2_000_000,
    activation: readActivation(config, "hidden_act", "silu"),
    bias: { projection: biased, output: biased, feedForward: config.flag("mlp_bias", false) },
    rotaryOf: (layer) => (turns(layer) ? 0 : undefined),
    windowOf: windows(config, window, (layer) => !turns(layer)),
  });
}
