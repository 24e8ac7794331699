import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { idOf } from "../id.ts";
import { Encoding, checkedEncoding, resolveEncoding } from "../models/encoding.ts";
import { ModelRef } from "../models/model-ref.ts";
import { embeddingAdvice, embeddingBytes, embeddingChunkTokens } from "./memory.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { runOf, sameSize, type KindRules } from "./rules.ts";
import { computeWork, secondsPerToken } from "./work.ts";

export const StsScore = Type.Object({
  datasetId: idOf("dataset"),
  name: Type.String(),
  spearman: Type.Number({ description: "of cosine and gold score, average ranks" }),
  pearson: Type.Number(),
  pairs: Type.Integer(),
});
export type StsScore = Static<typeof StsScore>;

export const EvaluationResult = Type.Object({
  ...Remarks.properties,
  sts: Type.Array(StsScore),
  tokensPerSecond: Type.Number({ description: "embedding speed over the evaluation, real tokens" }),
  tokens: Type.Integer(),
  seconds: Type.Number(),
  peakMemoryBytes: Type.Integer(),
});
export type EvaluationResult = Static<typeof EvaluationResult>;

const closed = { additionalProperties: false } as const;

export const EvaluateSpec = Type.Object(
  {
    kind: Type.Literal("evaluate"),
    model: ModelRef,
    datasetIds: Type.Array(idOf("dataset"), { minItems: 1, maxItems: 32 }),
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
  datasets: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), path: Type.String() })),
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
  predictMemory: ({ encoding }, size) => size && embeddingBytes(encoding, size),
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
