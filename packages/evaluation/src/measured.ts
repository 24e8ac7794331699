/**
 * What each unit of an evaluation (a pair, a query, a text, a set) adds to the main score, in the order of the rows, so that two models
 * can be compared unit by unit: the score is the mean of the values, or a statistic of the values against the gold ones.
 */
export interface Units {
  readonly statistic: "mean" | "spearman" | "average-precision";
  readonly values: Float64Array;
  /** Absent with `mean`. */
  readonly gold?: Float64Array;
}

/** What one evaluation gives. */
export interface Measured {
  /** By their names in mteb, without `cosine_`; all from 0 to 1, or from -1 to 1 for correlations, and more is better. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly units: Units;
}

/** Means of columns that all have one value per unit. */
export const means = (columns: Readonly<Record<string, ArrayLike<number>>>): Record<string, number> =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, mean(values)]));

/** Arithmetic mean; NaN of none. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
