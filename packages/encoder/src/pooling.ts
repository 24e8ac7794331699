import type { Pooling } from "@espalier/contract";

/** The pooled positions [start, end) of one row; `end > start`. */
export interface ContentSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Pooling as weights [B, T], so that a pooled vector is one weighted sum over the tokens. Each row adds up to 1; padding
 * and what is not pooled weigh 0. `weighted_mean` counts 1..n from the first pooled token (SGPT, arXiv 2202.08904, eq. 2,
 * applied to the span alone). `cls` is the first token of the sequence, whether it is in the span or not.
 * @param spans one per row
 * @param length T, at least the largest `end`
 */
export function poolingWeights(
  pooling: Pooling,
  spans: readonly ContentSpan[],
  length: number,
): Float32Array {
  const weights = new Float32Array(spans.length * length);
  for (const [row, { start, end }] of spans.entries()) {
    const count = end - start;
    if (!(start >= 0 && count > 0 && end <= length))
      throw new RangeError(`row ${row}: content ${start} to ${end} of ${length} positions`);
    const first = row * length + start;
    switch (pooling) {
      case "mean":
        weights.fill(1 / count, first, first + count);
        break;
      case "weighted_mean": {
        const total = (count * (count + 1)) / 2;
        for (let i = 0; i < count; i++) weights[first + i] = (i + 1) / total;
        break;
      }
      case "cls":
        weights[row * length] = 1;
        break;
      case "last_token":
        weights[first + count - 1] = 1;
        break;
      default:
        throw new RangeError(`unknown pooling ${String(pooling satisfies never)}`);
    }
  }
  return weights;
}
