import { volume } from "./dim.ts";
import type { Node } from "./node.ts";
import {
  add,
  concat,
  crossEntropy,
  div,
  matmul,
  mul,
  range,
  reduceMean,
  reduceSum,
  reshape,
  sqrt,
} from "./op.ts";

/** Rows scaled to length 1: x [rows, width] → [rows, width]. */
export const normalize = (x: Node): Node =>
  div(x, sqrt(add(reduceSum(mul(x, x), [x.shape.length - 1], true), 1e-24)));

export interface ContrastiveBatch {
  /** [batch, width]; need not be normalised. */
  query: Node;
  /** [batch, width]; row i belongs to query i, and is a negative of every other query. */
  positive: Node;
  /** [negatives, width]; hard negatives of all queries, k for each or any number. */
  negative?: Node;
}

/**
 * Contrastive loss with in-batch and hard negatives (InfoNCE), by cosine:
 *   L = −(1/B) Σᵢ log( exp(s·cos(qᵢ, pᵢ)) / (Σⱼ exp(s·cos(qᵢ, pⱼ)) + Σₖ exp(s·cos(qᵢ, nₖ))) )
 * so that each of B queries chooses among B + N candidates; `chanceLevel(B + N)` is what guessing costs.
 * van den Oord et al. 2018 (arXiv:1807.03748); one direction, scale s = 1/temperature. → scalar.
 */
export function infoNCE({ query, positive, negative }: ContrastiveBatch, scale: number): Node {
  const candidates = negative ? concat([positive, negative], 0) : positive;
  const scores = matmul(normalize(query), normalize(candidates), { transposeB: true, scale });
  return reduceMean(crossEntropy(scores, range(query.shape[0])), [0]);
}

/** The loss of choosing among `candidates` at random: ln(candidates). */
export const chanceLevel = (candidates: number): number => Math.log(candidates);

export interface LanguageModelBatch {
  /** [batch, time, width]: the state at t predicts `labels` at t. */
  hidden: Node;
  /** [vocabulary, width]: an output head, or the embedding it is tied to. */
  head: Node;
  /** i32 [batch, time]: the next token of each position. */
  labels: Node;
  /** [batch, time]: what each position counts, e.g. 1/(number of predicted tokens), and 0 where nothing is predicted. */
  weights: Node;
}

/** Next-token cross entropy: Σ weights · −log p(label). → scalar. */
export function languageModelLoss({ hidden, head, labels, weights }: LanguageModelBatch): Node {
  const [batch, time, width] = hidden.shape;
  const rows = volume([batch, time]);
  const logits = matmul(reshape(hidden, [rows, width]), head, { transposeB: true });
  return reduceSum(mul(crossEntropy(logits, reshape(labels, [rows])), reshape(weights, [rows])), [0]);
}
