import { Problem, type RerankingRow } from "@espalier/contract";
import { embedDistinct, type Embed } from "./embed.ts";
import { means, type Measured } from "./measured.ts";
import { rankingMetrics } from "./retrieval/ranking-metrics.ts";
import { cosine } from "./similarity.ts";

/**
 * Reranking: whether the candidates that answer a query stand before those that do not, by cosine. The main score is mean average
 * precision (`map_at_1000` of mteb 2's reranking). Of equal cosines those that do not answer stand first, so that a model which gives all
 * texts one vector does not score by the order of the file.
 * @throws {Problem} when a query has no candidate of either sort, or a vector is not finite
 */
export async function evaluateReranking(rows: readonly RerankingRow[], embed: Embed): Promise<Measured> {
  for (const [i, { positives, negatives }] of rows.entries())
    if (positives.length === 0 || negatives.length === 0)
      throw new Problem(
        "dataset/malformed",
        `row ${i + 1} has no ${positives.length === 0 ? "positives" : "negatives"}, so that there is nothing to put in order`,
      );
  const queryOf = await embedDistinct(
    rows.map(({ query }) => query),
    "query",
    embed,
  );
  const documentOf = await embedDistinct(
    rows.flatMap(({ positives, negatives }) => [...positives, ...negatives]),
    "document",
    embed,
  );
  const perQuery = rows.map(({ query, positives, negatives }) => {
    const from = queryOf(query);
    const scored = [
      ...negatives.map((text) => [text, 0] as const),
      ...positives.map((text) => [text, 1] as const),
    ].map(([text, grade]) => ({ grade, score: cosine(from, documentOf(text)) }));
    scored.sort((a, b) => b.score - a.score);
    return rankingMetrics(
      scored.map(({ grade }) => grade),
      positives.map(() => 1),
    );
  });
  const columns = Object.fromEntries(
    ["map_at_1000", "mrr_at_10", "ndcg_at_10"].map((name) => [
      name,
      perQuery.map((metrics) => metrics[name]!),
    ]),
  );
  return {
    metrics: means(columns),
    units: { statistic: "mean", values: Float64Array.from(columns["map_at_1000"]!) },
  };
}
