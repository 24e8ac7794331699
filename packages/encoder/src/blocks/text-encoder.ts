import { input, matmul, reshape, type Node } from "@espalier/tensor";
import type { ModelConfig } from "@espalier/model";
import { layerStates } from "./layers.ts";
import type { LinearOptions } from "./linear.ts";
import { norm } from "./norm.ts";
import type { Sight } from "./attention.ts";
import { eachOnce, type Parameter } from "./parameters.ts";
import { rotaryInputs } from "./rotary-tables.ts";

/** What a graph of a model's layers is fed, as {@link textEncoder} says. */
export function encoderInputs(config: ModelConfig): { embeddings: Node; pooling: Node; sight: Sight } {
  const embeddings = input("embeddings", ["batch", "time", config.hiddenSize]);
  const pooling = reshape(input("pooling", ["batch", "time"]), ["batch", 1, "time"]);
  const padding =
    config.direction === "bidirectional"
      ? reshape(input("padding", ["batch", "time"]), ["batch", 1, 1, 1, "time"])
      : undefined;
  return {
    embeddings,
    pooling,
    sight: { direction: config.direction, rotary: rotaryInputs(config), padding },
  };
}

/** Σ over time of pooling · finalNorm(state): [batch, hidden]. */
export function pooledState(config: ModelConfig, state: Node, pooling: Node, parameter: Parameter): Node {
  const last = config.finalNorm ? norm(state, config.finalNorm, parameter) : state;
  return reshape(matmul(pooling, last), ["batch", config.hiddenSize]);
}

/**
 * The graph of a model as a text encoder. Inputs: `embeddings` [batch, time, hidden] (gathered outside: the tables never
 * need to be on the device), `pooling` [batch, time] (weights, 0 on padding), `rotary0.cos`, `rotary0.sin` …
 * [time, turned/2], and where attention looks both ways `padding` [batch, time], 0 for a token and hugely negative for
 * padding.
 * @param depths how many layers to run, 1-based; one result each
 * @returns pooled vectors [batch, hidden]: Σ over time of pooling · finalNorm(state after so many layers)
 */
export function textEncoder(config: ModelConfig, depths: readonly number[], options: LinearOptions): Node[] {
  const shared = { ...options, parameter: eachOnce(options.parameter) };
  const { embeddings, pooling, sight } = encoderInputs(config);
  const states = layerStates(config, Math.max(...depths), embeddings, sight, shared);
  return depths.map((depth) => {
    const state = states[depth - 1];
    if (state === undefined) throw new RangeError(`depth ${depth} of a model with ${config.layers} layers`);
    return pooledState(config, state, pooling, shared.parameter);
  });
}
