import { Problem } from "@espalier/contract";
import { rowOf, unit } from "../vectors.ts";

/** Cosines of unrelated texts from here on tell nothing apart: what is left is the noise of single precision. */
const alike = 0.9999;
/** So many steps in a row are no accident. */
const patience = 20;

/** Finds out when a training has collapsed: unrelated texts keep getting the same vector, although it has warmed up. */
export class CollapseWatch {
  readonly #warmup: number;
  #steps = 0;

  constructor(warmup: number) {
    this.#warmup = warmup;
  }

  /**
   * @param step that has been made, from 1
   * @param cosine {@link meanCosine} before it
   * @throws {Problem} `training/collapsed`, after the twentieth such step in a row
   */
  see(step: number, cosine: number): void {
    this.#steps = step > this.#warmup && cosine >= alike ? this.#steps + 1 : 0;
    if (this.#steps < patience) return;
    throw new Problem(
      "training/collapsed",
      `For ${patience} steps, up to step ${step}, unrelated texts have had a mean cosine of ${alike} or more: the encoder gives all of them the same vector. Lower the learning rate, raise the batch size, or check that the dataset's queries and positives differ.`,
      { step },
    );
  }
}

/**
 * Mean cosine of each query with the positives of the others: near 1, all texts have got the same vector. By the sums of
 * the unit vectors, because Σᵢⱼ qᵢ·pⱼ = (Σ qᵢ)·(Σ pⱼ).
 * @param vectors [texts, width]: first the queries, then their positives
 */
export function meanCosine(vectors: Float32Array, queries: number, width: number): number {
  const sums = [new Float64Array(width), new Float64Array(width)];
  let own = 0;
  for (let i = 0; i < queries; i++) {
    const query = unit(rowOf(vectors, i, width));
    const positive = unit(rowOf(vectors, queries + i, width));
    for (let k = 0; k < width; k++) {
      own += query[k]! * positive[k]!;
      sums[0]![k]! += query[k]!;
      sums[1]![k]! += positive[k]!;
    }
  }
  const all = sums[0]!.reduce((sum, x, k) => sum + x * sums[1]![k]!, 0);
  return (all - own) / (queries * (queries - 1));
}
