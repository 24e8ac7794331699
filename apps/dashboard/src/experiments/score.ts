import type { TaskScore, VariantReport } from "@espalier/contract";

/** The mean score over the evaluation's datasets, at most 1. */
export const scoreOf = (scores: readonly TaskScore[] | undefined): number | undefined =>
  scores && scores.length > 0 ? scores.reduce((sum, { score }) => sum + score, 0) / scores.length : undefined;

/**
 * Half the width of an interval that has the true score in 95 of 100 cases: Fisher's transformation, with the variance of a rank
 * correlation by Bonett and Wright (2000). Undefined where a score is no correlation.
 */
export function marginOf(scores: readonly TaskScore[] | undefined): number | undefined {
  const score = scoreOf(scores);
  if (score === undefined || !scores?.every(({ task }) => task === "sts")) return undefined;
  const variances = scores.map(({ score, units }) => {
    if (units <= 3) return 1;
    const z = (1 + score ** 2 / 2) / (units - 3);
    return z * (1 - score ** 2) ** 2;
  });
  return (1.96 * Math.sqrt(variances.reduce((a, b) => a + b, 0))) / scores.length;
}

/** A variant where its cost and its score are known. */
export interface Point {
  variant: VariantReport;
  layers: number;
  score: number;
  trained: boolean;
}

export const pointsOf = (variants: readonly VariantReport[]): Point[] =>
  variants.flatMap((variant) =>
    [
      { score: scoreOf(variant.before), trained: false },
      { score: scoreOf(variant.after), trained: true },
    ].flatMap(({ score, trained }) =>
      score === undefined || variant.layers === undefined
        ? []
        : [{ variant, layers: variant.layers, score, trained }],
    ),
  );

/** Those that no other one beats with as few layers or fewer. */
export const frontOf = (points: readonly Point[]): Point[] =>
  points
    .filter(
      (point) =>
        !points.some(
          (other) =>
            other !== point &&
            other.layers <= point.layers &&
            (other.score > point.score || (other.score === point.score && other.layers < point.layers)),
        ),
    )
    .sort((a, b) => a.layers - b.layers);
