import { minimise } from "./lbfgs.ts";

/**
 * Logistic regression with an intercept and the penalty ½‖W‖² beside the sum of the losses, as scikit-learn's `LogisticRegression(C=1)`:
 * with two classes one row of weights, with more one row each. Solved until no part of the mean gradient is above 1e-5.
 */
export class LogisticRegression {
  readonly #width: number;
  /** Rows of `width` weights, then their intercepts. */
  readonly #weights: Float64Array;
  readonly #rows: number;

  /**
   * @param vectors one per example, all of one length
   * @param labels whole numbers from 0 below `classes`, one per example
   */
  constructor(vectors: readonly Float32Array[], labels: ArrayLike<number>, classes: number) {
    const width = (this.#width = vectors[0]!.length);
    const rows = (this.#rows = classes === 2 ? 1 : classes);
    const weights = (this.#weights = new Float64Array(rows * (width + 1)));
    const logits = new Float64Array(rows);
    const n = vectors.length;
    minimise(
      (x, gradient) => {
        gradient.fill(0);
        let value = 0;
        for (let i = 0; i < n; i++) {
          this.#logits(x, vectors[i]!, logits);
          value += lossOf(logits, labels[i]!);
          for (let c = 0; c < rows; c++) {
            const by = logits[c]!;
            const row = gradient.subarray(c * width, (c + 1) * width);
            const vector = vectors[i]!;
            for (let k = 0; k < width; k++) row[k]! += by * vector[k]!;
            gradient[rows * width + c]! += by;
          }
        }
        for (let k = 0; k < rows * width; k++) {
          value += 0.5 * x[k]! * x[k]!;
          gradient[k]! += x[k]!;
        }
        for (let k = 0; k < gradient.length; k++) gradient[k]! /= n;
        return value / n;
      },
      weights,
      { tolerance: 1e-5, iterations: 200 },
    );
  }

  /** The likeliest class. */
  predict(vector: Float32Array): number {
    const logits = new Float64Array(this.#rows);
    this.#logits(this.#weights, vector, logits);
    return this.#rows === 1 ? (logits[0]! > 0 ? 1 : 0) : logits.indexOf(Math.max(...logits));
  }

  #logits(weights: Float64Array, vector: Float32Array, into: Float64Array): void {
    const [width, rows] = [this.#width, this.#rows];
    for (let c = 0; c < rows; c++) {
      let sum = weights[rows * width + c]!;
      for (let k = 0, at = c * width; k < width; k++, at++) sum += weights[at]! * vector[k]!;
      into[c] = sum;
    }
  }
}

/** The loss of one example; its logits become the derivative of the loss by them, in place. */
function lossOf(logits: Float64Array, label: number): number {
  if (logits.length === 1) {
    const margin = label === 1 ? logits[0]! : -logits[0]!;
    const wrong = 1 / (1 + Math.exp(margin));
    logits[0] = label === 1 ? -wrong : wrong;
    return margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin));
  }
  const most = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  const loss = Math.log(sum) + most - logits[label]!;
  for (let c = 0; c < logits.length; c++) logits[c] = Math.exp(logits[c]! - most) / sum;
  logits[label]! -= 1;
  return loss;
}
