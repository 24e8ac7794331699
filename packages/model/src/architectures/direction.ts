import type { Encoding } from "@espalier/contract";
import type { Attention, ModelConfig } from "./model-config.ts";

/**
 * The same model, each of whose tokens sees the tokens after it too (LLM2Vec, arXiv:2404.05961). It is what transformers 5
 * computes for a config with `is_causal: false`, whose windows reach `sliding_window` tokens to either side; the config
 * that derived checkpoints are given says so. A model that looks both ways already is left as it is.
 */
export function bidirectional(config: ModelConfig): ModelConfig {
  if (config.direction === "bidirectional") return config;
  const widened = ({ window, ...attention }: Attention): Attention =>
    window === undefined ? attention : { ...attention, window: window + 1 };
  return {
    ...config,
    direction: "bidirectional",
    blocks: config.blocks.map((block) => ({ ...block, attention: widened(block.attention) })),
    source: new Map(config.source).set("is_causal", false),
  };
}

/** The model as an encoding has its tokens see one another. */
export const seenThrough = (config: ModelConfig, attention: Encoding["attention"]): ModelConfig =>
  attention === "bidirectional" ? bidirectional(config) : config;
