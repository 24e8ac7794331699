import { Problem, type StsPair } from "@espalier/contract";
import { pearson, spearman } from "./correlation.ts";
import { embedDistinct, type Embed } from "./embed.ts";
import type { Measured } from "./measured.ts";
import { cosine } from "./similarity.ts";

/**
 * Semantic textual similarity: how well the cosines of the embeddings order the pairs as people did. The main score is Spearman's
 * correlation of cosine and gold score (`cosine_spearman` of mteb's AbsTaskSTS). Each distinct text is embedded once.
 * @throws {Problem} when a vector is not finite, or when all scores or all cosines are equal, so that no order exists
 */
export async function evaluateSts(pairs: readonly StsPair[], embed: Embed): Promise<Measured> {
  if (pairs.length < 2)
    throw new Problem("dataset/too-small", `a correlation needs two pairs; there are ${pairs.length}`);
  const gold = Float64Array.from(pairs, ({ score }) => score);
  if (gold.every((score) => score === gold[0])) {
    throw new Problem(
      "dataset/malformed",
      `every pair has the score ${gold[0]}, so that nothing can be ordered by it`,
    );
  }
  const vectorOf = await embedDistinct(
    pairs.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]),
    "query",
    embed,
  );
  const values = Float64Array.from(pairs, ({ sentence1, sentence2 }) =>
    cosine(vectorOf(sentence1), vectorOf(sentence2)),
  );
  if (values.every((value) => value === values[0]))
    throw new Problem(
      "training/collapsed",
      "All pairs have the same cosine: the model gives every text the same vector, so there is nothing to rank.",
    );
  return {
    metrics: { spearman: spearman(values, gold), pearson: pearson(values, gold) },
    units: { statistic: "spearman", values, gold },
  };
}
