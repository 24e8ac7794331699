import type { Pooling } from "@espalier/contract";
import {
  add,
  bandMask,
  div,
  exp,
  gather,
  input,
  matmul,
  mul,
  pad,
  reduceSum,
  reshape,
  slice,
  sub,
  weight,
  type Node,
  type WeightSource,
} from "@espalier/tensor";
import type { ModelConfig } from "@espalier/model";
import { layerStates } from "./layers.ts";
import { norm } from "./norm.ts";
import { eachOnce } from "./parameters.ts";
import { rotaryTable } from "./rotary-tables.ts";

/** A graph that goes from tokens to vectors by itself, as other runtimes run it. */
export interface FeatureExtractor {
  /** `last_hidden_state` [batch, time, hidden] and, where a pooling is given, `sentence_embedding` [batch, hidden]. */
  readonly outputs: Readonly<Record<string, Node>>;
  /** Tables that the graph needs beside the checkpoint's weights. */
  readonly tables: ReadonlyMap<string, WeightSource>;
}

/**
 * The whole encoder as one graph of `input_ids` and `attention_mask` [batch, time]. Padding may stand on either side,
 * but absolute positions count from the left.
 * @param maxLength longest sequence; rotary tables are of this size. Scaled rotary embeddings are those of a text of
 * this length.
 * @param pooling over all tokens of the mask
 */
export function featureExtractor(
  config: ModelConfig,
  maxLength: number,
  pooling?: Pooling,
): FeatureExtractor {
  const { hiddenSize, vocabularySize, embedding, rotary, direction, finalNorm } = config;
  const parameter = eachOnce(weight);
  const mask = input("attention_mask", ["batch", "time"]);
  const words = gather(
    parameter(embedding.table, [vocabularySize, hiddenSize]),
    input("input_ids", ["batch", "time"], "i32"),
  );
  const { scale, positions, tokenTypes } = embedding;
  const parts = [scale === 1 ? words : mul(words, scale)];
  if (positions) {
    const { table, rows, first } = positions;
    parts.push(slice(slice(parameter(table, [rows, hiddenSize]), 0, first), 0, 0, "time"));
  }
  if (tokenTypes) parts.push(slice(parameter(tokenTypes.table, [tokenTypes.rows, hiddenSize]), 0, 0, 1));

  const tables = new Map<string, WeightSource>();
  const turns = rotary.map((each, index) => {
    const { cos, sin } = rotaryTable(each, maxLength);
    const shape = [maxLength, each.turned / 2];
    const part = (name: string, data: Float32Array) => {
      tables.set(`rotary${index}.${name}`, { data, shape });
      return slice(weight(`rotary${index}.${name}`, shape), 0, 0, "time");
    };
    return { cos: part("cos", cos), sin: part("sin", sin) };
  });
  const sight = {
    direction,
    rotary: turns,
    // 0 for a token, hugely negative for padding.
    padding: reshape(mul(sub(mask, 1), 1e30), ["batch", 1, 1, 1, "time"]),
  };
  const embedded = parts.reduce((sum, part) => add(sum, part));
  const state = layerStates(config, config.layers, embedded, sight, { parameter }).at(-1) ?? embedded;
  const last = finalNorm ? norm(state, finalNorm, parameter) : state;
  const outputs = { last_hidden_state: last };
  return {
    outputs: pooling ? { ...outputs, sentence_embedding: pool(last, mask, pooling, hiddenSize) } : outputs,
    tables,
  };
}

/** Weights of the tokens times their states, over the sum of the weights. */
function pool(last: Node, mask: Node, pooling: Pooling, width: number): Node {
  if (pooling === "cls") return reshape(slice(last, 1, 0, 1), ["batch", width]);
  const weights = poolingWeights(mask, pooling);
  const row = reshape(weights, ["batch", 1, "time"]);
  return div(reshape(matmul(row, last), ["batch", width]), reduceSum(weights, [1], true));
}

function poolingWeights(mask: Node, pooling: Exclude<Pooling, "cls">): Node {
  switch (pooling) {
    case "mean":
      return mask;
    case "weighted_mean": {
      // How many tokens stand at or before each: a product with a triangle of ones.
      const triangle = exp(bandMask("time", { before: 0, after: null }));
      return mul(mask, matmul(mask, triangle));
    }
    case "last_token":
      // 1 where the next one is not a token.
      return mul(mask, sub(1, pad(slice(mask, 1, 1), 1, 0, 1)));
  }
}
