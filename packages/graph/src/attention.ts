import { times } from "./dim.ts";
import type { Node } from "./node.ts";
import { add, causalMask, matmul, reshape, softmax, transpose } from "./op.ts";

export interface AttentionOptions {
  /** Query heads. */
  heads: number;
  /** Key and value heads; each serves `heads / kvHeads` query heads. Default: `heads`. */
  kvHeads?: number;
  /** Whether a position sees only itself and earlier ones. */
  causal: boolean;
  /** Factor of the scores. Default: 1/√headSize. */
  scale?: number;
  /** Added to the scores; broadcasts to [batch, kvHeads, group, time, time], e.g. [batch, 1, 1, 1, time] for padding. */
  bias?: Node;
}

/**
 * Scaled dot-product attention, with grouped queries without repeating keys and values: the query heads of a group
 * stand below each other as rows of one matrix. q [batch, time, heads*headSize], k and v
 * [batch, time, kvHeads*headSize] → [batch, time, heads*headSize].
 * Vaswani et al. 2017 (arXiv:1706.03762); grouped queries: Ainslie et al. 2023 (arXiv:2305.13245).
 */
export function attention(q: Node, k: Node, v: Node, options: AttentionOptions): Node {
  const { heads, causal, bias } = options;
  const kvHeads = options.kvHeads ?? heads;
  const group = heads / kvHeads;
  const [batch, time, width] = q.shape;
  if (!Number.isInteger(group) || typeof width !== "number" || width % heads !== 0)
    throw new TypeError(`${heads} heads over ${kvHeads} key heads do not divide a width of ${width}`);
  const headSize = width / heads;
  const scale = options.scale ?? 1 / Math.sqrt(headSize);

  const rows = reshape(transpose(reshape(q, [batch, time, kvHeads, group, headSize]), [0, 2, 3, 1, 4]), [
    batch,
    kvHeads,
    times(group, time),
    headSize,
  ]);
  const columns = (x: Node) => transpose(reshape(x, [batch, time, kvHeads, headSize]), [0, 2, 1, 3]);
  const scores = reshape(matmul(rows, columns(k), { transposeB: true, scale }), [
    batch,
    kvHeads,
    group,
    time,
    time,
  ]);
  const mask = causal ? (bias ? add(causalMask(time), bias) : causalMask(time)) : bias;
  const weights = reshape(softmax(scores, mask), [batch, kvHeads, times(group, time), time]);
  const mixed = reshape(matmul(weights, columns(v)), [batch, kvHeads, group, time, headSize]);
  return reshape(transpose(mixed, [0, 3, 1, 2, 4]), [batch, time, width]);
}
