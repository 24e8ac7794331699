import { Problem, type LabelledPair } from "@espalier/contract";
import { averagePrecision } from "./average-precision.ts";
import { embedDistinct, type Embed } from "./embed.ts";
import type { Measured } from "./measured.ts";
import { cosine, dot, euclidean, manhattan } from "./similarity.ts";

const similarities = {
  cosine,
  dot,
  manhattan: (a: Float32Array, b: Float32Array) => -manhattan(a, b),
  euclidean: (a: Float32Array, b: Float32Array) => -euclidean(a, b),
};

/**
 * Pair classification: how well a similarity tells pairs that belong together from others. The main score is the greatest average
 * precision over cosine, scalar product and the two distances (`max_ap` of mteb's AbsTaskPairClassification).
 * @throws {Problem} when all labels are the same, or a vector is not finite
 */
export async function evaluatePairClassification(
  pairs: readonly LabelledPair[],
  embed: Embed,
): Promise<Measured> {
  const gold = Float64Array.from(pairs, ({ label }) => label);
  if (gold.every((label) => label === gold[0]))
    throw new Problem("dataset/malformed", `every pair has the label ${gold[0]}; it takes both 0 and 1`);
  const vectorOf = await embedDistinct(
    pairs.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]),
    "query",
    embed,
  );
  const by = Object.entries(similarities).map(([name, similarity]) => {
    const values = Float64Array.from(pairs, ({ sentence1, sentence2 }) =>
      similarity(vectorOf(sentence1), vectorOf(sentence2)),
    );
    return { name, values, score: averagePrecision(values, gold) };
  });
  const best = by.reduce((one, other) => (other.score > one.score ? other : one));
  return {
    metrics: {
      max_ap: best.score,
      ...Object.fromEntries(by.map(({ name, score }) => [`${name}_ap`, score])),
    },
    units: { statistic: "average-precision", values: best.values, gold },
  };
}
