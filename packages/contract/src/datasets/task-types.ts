/** What an encoder can be measured by; the names are those of mteb's types of tasks. */
export const taskTypes = [
  "sts",
  "retrieval",
  "reranking",
  "classification",
  "clustering",
  "pair-classification",
  "bitext-mining",
] as const;
export type TaskType = (typeof taskTypes)[number];

/** The metric that is the score of each, by its name in mteb; Spearman's correlation is that of cosine and grade. */
export const mainMetrics: { readonly [K in TaskType]: string } = {
  sts: "spearman",
  retrieval: "ndcg_at_10",
  reranking: "map_at_1000",
  classification: "accuracy",
  clustering: "v_measure",
  "pair-classification": "max_ap",
  "bitext-mining": "f1",
};
