/** Depths at which rankings are scored, as in mteb. */
export const depths = [1, 3, 5, 10, 20, 100, 1000] as const;

/**
 * What one ranking is worth: nDCG, average precision, recall, precision and reciprocal rank, each cut at `depths`, by trec_eval's
 * definitions: a document's gain is its grade, discounted by log2(rank + 1); documents with a grade above 0 are relevant, and all that
 * are judged relevant count, found or not. All are 0 where none is.
 * @param grades of the ranked documents, best first; 0 for those that were not judged
 * @param judged grades of all documents that were judged for the query
 */
export function rankingMetrics(grades: readonly number[], judged: readonly number[]): Record<string, number> {
  const ideal = judged.filter((grade) => grade > 0).sort((a, b) => b - a);
  const metrics: Record<string, number> = {};
  for (const k of depths) {
    const top = grades.slice(0, k);
    const found = top.filter((grade) => grade > 0).length;
    const best = discounted(ideal.slice(0, k));
    metrics[`ndcg_at_${k}`] = best === 0 ? 0 : discounted(top) / best;
    metrics[`map_at_${k}`] = ideal.length === 0 ? 0 : precisions(top) / ideal.length;
    metrics[`recall_at_${k}`] = ideal.length === 0 ? 0 : found / ideal.length;
    metrics[`precision_at_${k}`] = found / k;
    const first = top.findIndex((grade) => grade > 0);
    metrics[`mrr_at_${k}`] = first === -1 ? 0 : 1 / (first + 1);
  }
  return metrics;
}

/** Discounted cumulative gain; a grade below 0 gains nothing. */
const discounted = (grades: readonly number[]): number =>
  grades.reduce((sum, grade, i) => sum + Math.max(0, grade) / Math.log2(i + 2), 0);

/** Sum of the precisions at the relevant documents. */
function precisions(grades: readonly number[]): number {
  let [sum, found] = [0, 0];
  for (const [i, grade] of grades.entries()) if (grade > 0) sum += ++found / (i + 1);
  return sum;
}
