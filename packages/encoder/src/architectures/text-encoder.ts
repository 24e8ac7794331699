import { input, matmul, reshape, type Node } from "@espalier/graph";
import type { LinearOptions } from "./linear.ts";
import { llamaLayers, norm, type LlamaConfig } from "./llama.ts";
import { eachOnce } from "./parameters.ts";
import { rotaryInputs } from "./rotary-tables.ts";

/**
 * The graph of a decoder as a text encoder. Inputs: `embeddings` [batch, time, hidden] (rows of the embedding table,
 * gathered outside: the table never needs to be on the device), `pooling` [batch, time] (weights, 0 on padding),
 * `rotary.cos` and `rotary.sin` [time, headSize/2].
 * @param depths how many layers to run, 1-based; one result each
 * @returns pooled vectors [batch, hidden]: Σ over time of pooling · finalNorm(state after so many layers)
 */
export function textEncoder(config: LlamaConfig, depths: readonly number[], options: LinearOptions): Node[] {
  const embeddings = input("embeddings", ["batch", "time", config.hiddenSize]);
  const pooling = reshape(input("pooling", ["batch", "time"]), ["batch", 1, "time"]);
  const layers = Math.max(...depths);
  const states = llamaLayers({ ...config, layers }, embeddings, rotaryInputs(config), options);
  const finalNorm = { ...options, parameter: eachOnce(options.parameter) };
  return depths.map((depth) => {
    const state = states[depth - 1];
    if (state === undefined || depth > config.layers)
      throw new RangeError(`depth ${depth} of a model with ${config.layers} layers`);
    const pooled = matmul(pooling, norm(config, "norm", state, finalNorm));
    return reshape(pooled, ["batch", config.hiddenSize]);
  });
}
