import { add, attention, causal, rmsNorm, rotary, swiGLU, type Node } from "@espalier/graph";
import { expectedTensors, type ModelConfig } from "../checkpoint/index.ts";
import { linear, type LinearOptions } from "./linear.ts";
import type { RotaryTables } from "./rotary-tables.ts";

/** What the graph of a Llama depends on. */
export type LlamaConfig = Pick<
  ModelConfig,
  | "layers"
  | "hiddenSize"
  | "intermediateSize"
  | "heads"
  | "keyValueHeads"
  | "headSize"
  | "vocabularySize"
  | "normEpsilon"
  | "ropeTheta"
>;

/** Every parameter of a Llama and its shape, by its name in the checkpoint; the output head only where it is not tied. */
export function llamaParameters(config: LlamaConfig, tiedHead = true): Map<string, readonly number[]> {
  const shapes = expectedTensors(config);
  if (!tiedHead) shapes.set("lm_head.weight", [config.vocabularySize, config.hiddenSize]);
  return shapes;
}

/**
 * The residual stream x [batch, time, hidden] of token embeddings after each layer, before the final norm. A position
 * sees itself and earlier ones, so that padding on the right never reaches a token.
 * Touvron et al. 2023 (arXiv:2302.13971).
 */
export function llamaLayers(
  config: LlamaConfig,
  embeddings: Node,
  tables: RotaryTables,
  options: LinearOptions,
): Node[] {
  const states: Node[] = [];
  for (let i = 0, x = embeddings; i < config.layers; i++) {
    x = layer(config, `layers.${i}`, x, tables, options);
    states.push(x);
  }
  return states;
}

/** One block: x + attention(norm(x)), then x + feed-forward(norm(x)). */
function layer(
  config: LlamaConfig,
  name: string,
  x: Node,
  tables: RotaryTables,
  options: LinearOptions,
): Node {
  const { heads, keyValueHeads, headSize, hiddenSize, intermediateSize } = config;
  const { cos, sin } = tables;
  const h = norm(config, `${name}.input_layernorm`, x, options);
  const q = linear(h, `${name}.self_attn.q_proj`, heads * headSize, options);
  const k = linear(h, `${name}.self_attn.k_proj`, keyValueHeads * headSize, options);
  const v = linear(h, `${name}.self_attn.v_proj`, keyValueHeads * headSize, options);
  const mixed = attention(rotary(q, cos, sin, heads), rotary(k, cos, sin, keyValueHeads), v, {
    heads,
    kvHeads: keyValueHeads,
    band: causal,
  });
  const attended = add(x, linear(mixed, `${name}.self_attn.o_proj`, hiddenSize, options));

  const g = norm(config, `${name}.post_attention_layernorm`, attended, options);
  const gate = linear(g, `${name}.mlp.gate_proj`, intermediateSize, options);
  const up = linear(g, `${name}.mlp.up_proj`, intermediateSize, options);
  return add(attended, linear(swiGLU(gate, up), `${name}.mlp.down_proj`, hiddenSize, options));
}

/** RMSNorm by the parameter `<name>.weight`; the one after the last layer is called `norm`. */
export const norm = (config: LlamaConfig, name: string, x: Node, { parameter }: LinearOptions): Node =>
  rmsNorm(x, parameter(`${name}.weight`, [config.hiddenSize]), config.normEpsilon);
