import { Type, type Static } from "typebox";
import { idOf } from "../id.ts";

export const StsScore = Type.Object({
  datasetId: idOf("dataset"),
  name: Type.String(),
  spearman: Type.Number({ description: "of cosine and gold score, average ranks" }),
  pearson: Type.Number(),
  pairs: Type.Integer(),
});
export type StsScore = Static<typeof StsScore>;

export const EvaluationResult = Type.Object({
  sts: Type.Array(StsScore),
  tokensPerSecond: Type.Number({ description: "embedding speed over the evaluation, real tokens" }),
  tokens: Type.Integer(),
  seconds: Type.Number(),
  peakMemoryBytes: Type.Integer(),
});
export type EvaluationResult = Static<typeof EvaluationResult>;
