import { Type, type Static } from "typebox";
import { idOf, Name, Sha256, Timestamp } from "../id.ts";

export const DatasetKind = Type.Enum(["triplets", "sts", "texts"]);
export type DatasetKind = Static<typeof DatasetKind>;

/** Training triplets, an evaluation task, or bare texts for SimCSE; stored as normalised JSON lines. */
export const Dataset = Type.Object({
  id: idOf("dataset"),
  name: Name,
  kind: DatasetKind,
  rows: Type.Integer({ minimum: 1 }),
  bytes: Type.Integer({ minimum: 0 }),
  sha256: Sha256,
  artifactId: idOf("artifact"),
  createdAt: Timestamp,
});
export type Dataset = Static<typeof Dataset>;

/** A line of a `triplets` dataset. Texts are non-empty. */
export const Triplet = Type.Object({
  query: Type.String(),
  positive: Type.String(),
  negatives: Type.Array(Type.String()),
  instruction: Type.Optional(Type.String()),
  task: Type.Optional(Type.String({ description: "batches never mix tasks" })),
});
export type Triplet = Static<typeof Triplet>;

/** A line of a `texts` dataset. */
export const TextRow = Type.Object({ text: Type.String() });
export type TextRow = Static<typeof TextRow>;

/** A line of an `sts` dataset: two sentences and their graded similarity. */
export const StsPair = Type.Object({
  sentence1: Type.String(),
  sentence2: Type.String(),
  score: Type.Number(),
});
export type StsPair = Static<typeof StsPair>;

/**
 * Query of `POST /v1/datasets`; the body is the file itself. `format=lines`, for texts, has one text on each line.
 * `format=tsv` is separated by TABs without quoting, and needs `columns`: 1-based positions such as
 * `score=5,sentence1=6,sentence2=7`.
 */
export const DatasetCreateQuery = Type.Object(
  {
    name: Name,
    kind: DatasetKind,
    format: Type.Optional(Type.Enum(["jsonl", "tsv", "lines"], { default: "jsonl" })),
    columns: Type.Optional(Type.String({ pattern: "^[a-z0-9]+=[0-9]+(,[a-z0-9]+=[0-9]+)*$" })),
    header: Type.Optional(Type.Boolean({ default: false, description: "skip the first line" })),
  },
  { additionalProperties: false },
);
export type DatasetCreateQuery = Static<typeof DatasetCreateQuery>;
