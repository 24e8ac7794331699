import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { taskTypes } from "../datasets/task-types.ts";
import { idOf } from "../id.ts";
import { LayerCount } from "../layers.ts";
import { Encoding, checkedEncoding, resolveEncoding } from "../models/encoding.ts";
import { ModelRef } from "../models/model-ref.ts";
import {
  embeddingAdvice,
  embeddingBytes,
  embeddingChunkTokens,
  vectorBytes,
  type ModelSize,
} from "./memory.ts";
import { computedOn, engineChoice } from "../pool/engine.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { runOf, sameSize, type KindRules } from "./rules.ts";
import { computeWork, secondsPerToken } from "./work.ts";

/** What a model scores on a dataset. */
export const TaskScore = Type.Object({
  datasetId: idOf("dataset"),
  name: Type.String(),
  task: Type.Enum(taskTypes),
  score: Type.Number({ description: "the main one of the metrics, such as nDCG@10; more is better" }),
  metrics: Type.Record(Type.String(), Type.Number()),
  units: Type.Integer({ description: "pairs, queries, texts or sets over which it was measured" }),
});
export type TaskScore = Static<typeof TaskScore>;

/** What a model scores with so many of its first layers; without a dataset that cannot be measured there. */
export interface DepthScores {
  layers: number;
  scores: TaskScore[];
  /** Why a dataset is missing. */
  failed?: string;
}

export const EvaluationResult = Type.Object({
  ...Remarks.properties,
  ...computedOn,
  scores: Type.Array(TaskScore),
  depths: Type.Optional(Type.Unsafe<DepthScores[]>({})),
  tokensPerSecond: Type.Number({ description: "embedding speed over the evaluation, real tokens" }),
  tokens: Type.Integer(),
  seconds: Type.Number(),
  peakMemoryBytes: Type.Integer(),
});
export type EvaluationResult = Static<typeof EvaluationResult>;

/** Raised when a release scores the same embeddings otherwise. */
export const evaluationRevision = 1;

const closed = { additionalProperties: false } as const;

/** Numbers of first layers, each of which is measured; all from one pass over the texts. */
export const Depths = Type.Union([
  Type.Literal("all"),
  Type.Array(LayerCount, { minItems: 1, maxItems: 1_000, uniqueItems: true }),
]);
export type Depths = Static<typeof Depths>;

export const EvaluateSpec = Type.Object(
  {
    kind: Type.Literal("evaluate"),
    model: ModelRef,
    datasetIds: Type.Array(idOf("dataset"), { minItems: 1, maxItems: 32 }),
    instruction: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: "put before queries, and before all texts where a task has no documents; default: none",
      }),
    ),
    depths: Type.Optional(Depths),
    ...engineChoice,
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
  },
  closed,
);
export type EvaluateSpec = Static<typeof EvaluateSpec>;

export const EvaluateJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("evaluate"),
  model: Type.String(),
  datasets: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      task: Type.Enum(taskTypes),
      path: Type.String(),
    }),
  ),
  instruction: Type.Optional(Type.String()),
  output: Type.Optional(
    Type.String({ description: "folder to make, for the units; default: none are written" }),
  ),
  depths: Type.Optional(Depths),
  mode: Mode,
  ...embeddingFields,
  chunkTokens: Type.Optional(Type.Integer({ minimum: 16 })),
});

export const EvaluateOutcome = Type.Object({ kind: Type.Literal("evaluate"), result: EvaluationResult });

export const evaluateRules: KindRules<EvaluateSpec> = {
  sharesDevice: false,
  resolve: (spec) => ({
    ...spec,
    mode: spec.mode ?? "default",
    encoding: checkedEncoding(spec.encoding),
  }),
  dependencies: ({ model }) => [runOf(model)],
  chunkTokens: () => embeddingChunkTokens,
  // Vectors of each depth are held until they are compared.
  predictMemory: ({ encoding, depths }, size, chunkTokens) =>
    size &&
    embeddingBytes(encoding, size, chunkTokens) + heldTexts * depthCount(depths, size) * vectorBytes(size),
  work: ({ encoding, datasetIds }, size) =>
    size &&
    computeWork({
      perToken: secondsPerToken(size, 1),
      longest: resolveEncoding(encoding).maxLength,
      datasetIds,
    }),
  sizeAfter: sameSize,
  memoryAdvice: ({ encoding }) => embeddingAdvice(encoding),
};

/** Texts whose vectors are held at several depths, of usual tasks. */
const heldTexts = 8_192;

const depthCount = (depths: Depths | undefined, { layers }: ModelSize): number =>
  depths === undefined ? 0 : depths === "all" ? layers : depths.length;
