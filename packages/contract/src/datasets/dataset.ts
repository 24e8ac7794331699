import { Type, type Static } from "typebox";
import { PlacedError } from "../problem.ts";
import { Replace } from "../models/model.ts";
import { idOf, Name, Sha256, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";
import type { TaskRowOf } from "./task-rows.ts";
import { taskTypes, type TaskType } from "./task-types.ts";

/** Training triplets, bare texts for SimCSE, or the rows of an evaluation task. */
export const datasetKinds = ["triplets", "texts", ...taskTypes] as const;
export const DatasetKind = Type.Enum(datasetKinds);
export type DatasetKind = Static<typeof DatasetKind>;

/** How the rows of a file are written down. `lines` has one text on each line; `tsv` is separated by TABs without quoting. */
export const datasetFormats = ["jsonl", "json", "csv", "tsv", "parquet", "lines"] as const;
export type DatasetFormat = (typeof datasetFormats)[number];

/** What was noticed while a dataset's file was read. */
export const DatasetReading = Type.Object({
  duplicates: Type.Integer({
    minimum: 0,
    description: "rows that repeat an earlier one, and are its negatives in a batch",
  }),
  blankLines: Type.Integer({ minimum: 0, description: "skipped" }),
  errors: Type.Optional(
    Type.Integer({ minimum: 0, description: "lines left out, as they could not be read" }),
  ),
  ignored: Type.Array(Type.Object({ name: Type.String(), rows: Type.Integer({ minimum: 1 }) }), {
    description: "fields or columns that mean nothing here",
  }),
});
export type DatasetReading = Static<typeof DatasetReading>;

/** Lines that cannot be read: so many are kept of a file, or told where it is refused. */
export const mostErrors = 1000;

/** `GET /v1/datasets/:id/errors`: lines that were left out. */
export const DatasetErrors = Type.Object({
  items: Type.Array(PlacedError, { maxItems: mostErrors }),
  total: Type.Integer({ minimum: 0 }),
});
export type DatasetErrors = Static<typeof DatasetErrors>;

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
  createdBy: CreatedBy,
  reading: Type.Optional(DatasetReading),
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

/** `GET /v1/datasets/:id/rows` */
export const DatasetRowsQuery = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })) },
  { additionalProperties: false },
);
export type DatasetRowsQuery = Partial<Static<typeof DatasetRowsQuery>>;

/** The first rows of a dataset, as its kind has them; of a very long row only that it is. */
export const DatasetRows = Type.Object({
  items: Type.Unsafe<(Triplet | TextRow | TaskRowOf[TaskType])[]>(Type.Array(Type.Object({}))),
  more: Type.Boolean({ description: "there are others after these" }),
});
export type DatasetRows = Static<typeof DatasetRows>;

/**
 * Query of `POST /v1/datasets`; the body is the file itself, perhaps compressed by gzip. Without `format` it is read as what it
 * looks like. `columns` says which fields or columns mean what: by 1-based positions, such as `score=5,sentence1=6,sentence2=7`,
 * or by their names, such as `query=question,positive=answer`.
 */
export const DatasetCreateQuery = Type.Object(
  {
    name: Name,
    kind: DatasetKind,
    replace: Type.Optional(Replace),
    format: Type.Optional(Type.Enum(datasetFormats, { description: "default: what the file looks like" })),
    columns: Type.Optional(Type.String({ maxLength: 2000 })),
    skipErrors: Type.Optional(
      Type.Boolean({
        default: false,
        description: "leave out and list lines that cannot be read",
      }),
    ),
    header: Type.Optional(
      Type.Boolean({
        default: false,
        description: "skip the first line where columns are given by position; else it names them",
      }),
    ),
  },
  { additionalProperties: false },
);
export type DatasetCreateQuery = Static<typeof DatasetCreateQuery>;
