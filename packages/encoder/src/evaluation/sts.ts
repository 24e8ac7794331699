import { Problem, type StsPair, type StsScore } from "@espalier/contract";
import { cosine } from "../vectors.ts";
import { pearson, spearman } from "./correlation.ts";

/** One vector per text, in order, all of one length. */
export type Embed = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

/**
 * Semantic textual similarity: how well the cosines of the embeddings order the pairs as people did. The main score is
 * Spearman's correlation of cosine and gold score (the `cosine_spearman` of mteb). Each distinct text is embedded once.
 * @throws {Problem} when a vector is not finite, or when all scores or all cosines are equal, so that no order exists
 */
export async function evaluateSts(
  pairs: readonly StsPair[],
  embed: Embed,
): Promise<Pick<StsScore, "spearman" | "pearson" | "pairs">> {
  if (pairs.length < 2)
    throw new Problem("dataset/too-small", `a correlation needs two pairs; there are ${pairs.length}`);
  const scores = pairs.map(({ score }) => score);
  if (scores.every((score) => score === scores[0])) {
    throw new Problem(
      "dataset/malformed",
      `every pair has the score ${scores[0]}, so that nothing can be ordered by it`,
    );
  }
  const texts = [...new Set(pairs.flatMap(({ sentence1, sentence2 }) => [sentence1, sentence2]))];
  const vectors = await embed(texts);
  if (vectors.length !== texts.length)
    throw new RangeError(`${vectors.length} vectors for ${texts.length} texts`);
  const vectorOf = new Map(texts.map((text, i) => [text, vectors[i]!]));
  const cosines = pairs.map(({ sentence1, sentence2 }) =>
    cosine(vectorOf.get(sentence1)!, vectorOf.get(sentence2)!),
  );
  if (!cosines.every(Number.isFinite))
    throw new Problem("training/diverged", "An embedding is not finite; the model's weights have diverged.");
  if (cosines.every((value) => value === cosines[0]))
    throw new Problem(
      "training/collapsed",
      "All pairs have the same cosine: the model gives every text the same vector, so there is nothing to rank.",
    );
  return { spearman: spearman(cosines, scores), pearson: pearson(cosines, scores), pairs: pairs.length };
}
