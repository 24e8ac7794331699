import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { filled, type Loose } from "../defaults.ts";
import { idOf } from "../id.ts";
import { Encoding, checkedEncoding, resolveEncoding } from "../models/encoding.ts";
import { ModelRef } from "../models/model-ref.ts";
import { embeddingAdvice, embeddingBytes, embeddingChunkTokens } from "./memory.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { runOf, sameSize, type KindRules } from "./rules.ts";
import { computeWork, secondsPerToken } from "./work.ts";
import { trainingScale } from "./train.ts";

const samplings = ["by-task", "shuffled", "in-order"] as const;

/** Settings of the L3Prune search (arXiv:2410.14578): contrastive loss of the untrained model at every depth. */
export const SearchSettings = Type.Object(
  {
    batchSize: Type.Optional(Type.Integer({ minimum: 2, maximum: 4096, default: 64 })),
    batches: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 100,
        description: "fewer where the dataset is smaller",
      }),
    ),
    scale: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1000,
        description: "default: that of the training, 50; 20 in reference mode",
      }),
    ),
    sampling: Type.Optional(
      Type.Enum(samplings, {
        description:
          "`by-task` (default): shuffled batches of one task each; `shuffled` (reference mode): of all rows; `in-order`: as they stand",
      }),
    ),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 42 })),
  },
  { additionalProperties: false },
);
export type SearchSettings = Static<typeof SearchSettings>;

/** What a search found. Depths are numbers of layers kept, 1-based: `lossByLayer[n-1]` is the loss with n layers. */
export const SearchResult = Type.Object({
  ...Remarks.properties,
  lossByLayer: Type.Array(Type.Union([Type.Number(), Type.Null()]), {
    description: "null where the loss was not finite",
  }),
  standardErrorByLayer: Type.Array(Type.Union([Type.Number(), Type.Null()])),
  small: Type.Union([Type.Integer(), Type.Null()], {
    description: "minimum of the first half of the depths",
  }),
  large: Type.Union([Type.Integer(), Type.Null()], { description: "minimum of the second half" }),
  chance: Type.Number({ description: "ln of the number of candidates" }),
  scale: Type.Number(),
  samples: Type.Integer(),
  seed: Type.Integer(),
  warnings: Type.Array(Type.String()),
});
export type SearchResult = Static<typeof SearchResult>;

/** Settings with every default filled in. */
export type ResolvedSearchSettings = Required<SearchSettings>;

/** @throws {Problem} `request/invalid` naming the field */
export const resolveSearchSettings = (
  settings: Loose<SearchSettings> = {},
  mode: Mode = "default",
): ResolvedSearchSettings => {
  const usual: SearchSettings =
    mode === "reference"
      ? { scale: 20, sampling: "shuffled" }
      : { scale: trainingScale, sampling: "by-task" };
  return filled(SearchSettings, usual, settings) as ResolvedSearchSettings;
};

const closed = { additionalProperties: false } as const;

export const SearchSpec = Type.Object(
  {
    kind: Type.Literal("search"),
    model: ModelRef,
    datasetId: idOf("dataset"),
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    settings: Type.Optional(SearchSettings),
  },
  closed,
);
export type SearchSpec = Static<typeof SearchSpec>;

export const SearchJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("search"),
  model: Type.String(),
  triplets: Type.String(),
  mode: Mode,
  ...embeddingFields,
  settings: SearchSettings,
  chunkTokens: Type.Optional(Type.Integer({ minimum: 16 })),
});

export const SearchOutcome = Type.Object({ kind: Type.Literal("search"), result: SearchResult });

export const searchRules: KindRules<SearchSpec> = {
  sharesDevice: false,
  resolve: (spec) => ({
    ...spec,
    mode: spec.mode ?? "default",
    encoding: checkedEncoding(spec.encoding),
    settings: resolveSearchSettings(spec.settings, spec.mode),
  }),
  dependencies: ({ model }) => [runOf(model)],
  chunkTokens: () => embeddingChunkTokens,
  predictMemory: ({ encoding }, size) => size && embeddingBytes(encoding, size),
  work({ encoding, datasetId, settings, mode }, size) {
    const { batches, batchSize } = resolveSearchSettings(settings, mode);
    return (
      size &&
      computeWork({
        perToken: secondsPerToken(size, 1),
        // A query, its positive and a negative.
        texts: batches * batchSize * 3,
        longest: resolveEncoding(encoding).maxLength,
        datasetIds: [datasetId],
      })
    );
  },
  sizeAfter: sameSize,
  memoryAdvice: ({ encoding }) => embeddingAdvice(encoding),
};
