import { Type, type Static } from "typebox";
import type { TaskType } from "./task-types.ts";

/** Two sentences and their graded similarity. */
export const StsPair = Type.Object({
  sentence1: Type.String(),
  sentence2: Type.String(),
  score: Type.Number(),
});
export type StsPair = Static<typeof StsPair>;

export const Document = Type.Object({
  id: Type.String(),
  title: Type.Optional(Type.String()),
  text: Type.String(),
});
export type Document = Static<typeof Document>;

/** One document of the corpus, one query, or how relevant a document is to a query: 0 is not at all. */
export const RetrievalRow = Type.Union([
  Type.Object({ document: Document }),
  Type.Object({ query: Type.Object({ id: Type.String(), text: Type.String() }) }),
  Type.Object({
    judgement: Type.Object({
      queryId: Type.String(),
      documentId: Type.String(),
      grade: Type.Integer(),
    }),
  }),
]);
export type RetrievalRow = Static<typeof RetrievalRow>;

/** A query with candidates that answer it and candidates that do not. */
export const RerankingRow = Type.Object({
  query: Type.String(),
  positives: Type.Array(Type.String()),
  negatives: Type.Array(Type.String()),
});
export type RerankingRow = Static<typeof RerankingRow>;

/** A text and its label. On those of the split `train` a classifier is trained; the others are classified. */
export const LabelledText = Type.Object({
  text: Type.String(),
  label: Type.String(),
  split: Type.Optional(Type.Enum(["train", "test"])),
});
export type LabelledText = Static<typeof LabelledText>;

/** A text, its label, and the set in which it is clustered; without one, all texts are one set. */
export const ClusteringRow = Type.Object({
  text: Type.String(),
  label: Type.String(),
  set: Type.Optional(Type.String()),
});
export type ClusteringRow = Static<typeof ClusteringRow>;

/** Two sentences, and 1 where they belong together or 0 where they do not. */
export const LabelledPair = Type.Object({
  sentence1: Type.String(),
  sentence2: Type.String(),
  label: Type.Integer({ minimum: 0, maximum: 1 }),
});
export type LabelledPair = Static<typeof LabelledPair>;

/** A sentence and its translation. */
export const BitextPair = Type.Object({ sentence1: Type.String(), sentence2: Type.String() });
export type BitextPair = Static<typeof BitextPair>;

/** The rows of each task's datasets. */
export const taskRows = {
  sts: StsPair,
  retrieval: RetrievalRow,
  reranking: RerankingRow,
  classification: LabelledText,
  clustering: ClusteringRow,
  "pair-classification": LabelledPair,
  "bitext-mining": BitextPair,
} as const;
export type TaskRowOf = { [K in TaskType]: Static<(typeof taskRows)[K]> };
