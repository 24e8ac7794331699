import { times } from "./dim.ts";
import type { Node } from "./node.ts";
import { add, bandMask, div, matmul, mul, reshape, softmax, tanh, transpose, type Band } from "./op.ts";

export interface AttentionOptions {
  /** Query heads. */
  heads: number;
  /** Key and value heads; each serves `heads / kvHeads` query heads. Default: `heads`. */
  kvHeads?: number;
  /** Which positions one sees, such as {@link causal}. Default: all. */
  band?: Band;
  /** Factor of the scores. Default: 1/√headSize. */
  scale?: number;
  /** Scores s become softcap · tanh(s / softcap) before they are masked (Gemma 2, arXiv:2408.00118 §2). */
  softcap?: number | undefined;
  /** Changes the weights [batch, kvHeads, group*time, time] before they mix the values: dropout. */
  drop?: (weights: Node) => Node;
  /** Added to the scores; broadcasts to [batch, kvHeads, group, time, time], e.g. [batch, 1, 1, 1, time] for padding. */
  bias?: Node;
}

/** A position sees itself and earlier ones. */
export const causal: Band = { before: null, after: 0 };

/**
 * Scaled dot-product attention, with grouped queries without repeating keys and values: the query heads of a group
 * stand below each other as rows of one matrix. q [batch, time, heads*headSize], k and v
 * [batch, time, kvHeads*headSize] → [batch, time, heads*headSize].
 * Vaswani et al. 2017 (arXiv:1706.03762); grouped queries: Ainslie et al. 2023 (arXiv:2305.13245).
 */
export function attention(q: Node, k: Node, v: Node, options: AttentionOptions): Node {
  const { heads, band, bias, softcap } = options;
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
  const raw = matmul(rows, columns(k), { transposeB: true, scale });
  const capped = softcap === undefined ? raw : mul(tanh(div(raw, softcap)), softcap);
  const scores = reshape(capped, [batch, kvHeads, group, time, time]);
  const limits = band && (band.before !== null || band.after !== null) ? bandMask(time, band) : undefined;
  const mask = limits && bias ? add(limits, bias) : (limits ?? bias);
  const weights = reshape(softmax(scores, mask), [batch, kvHeads, times(group, time), time]);
  const mixed = reshape(matmul(options.drop?.(weights) ?? weights, columns(v)), [
    batch,
    kvHeads,
    group,
    time,
    headSize,
  ]);
  return reshape(transpose(mixed, [0, 3, 1, 2, 4]), [batch, time, width]);
}
