import { Type, type Static } from "typebox";

/** Contrastive LoRA training. Defaults follow the L3Prune recipe where a service can. */
export const TrainingSettings = Type.Object(
  {
    steps: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1000 })),
    batchSize: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 65_536, default: 64, description: "triplets per step" }),
    ),
    hardNegatives: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 64,
        default: 1,
        description: "per query, beside the in-batch ones",
      }),
    ),
    learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 2e-4 })),
    warmupSteps: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        description: "default: 300, or a tenth of the steps if fewer",
      }),
    ),
    scheduleSteps: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "horizon of the linear decay; default: three epochs of the dataset, at least `steps`",
      }),
    ),
    weightDecay: Type.Optional(Type.Number({ minimum: 0, maximum: 1, default: 0 })),
    maxGradientNorm: Type.Optional(Type.Number({ exclusiveMinimum: 0, default: 1 })),
    scale: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1000, default: 50 })),
    loraRank: Type.Optional(Type.Integer({ minimum: 1, maximum: 512, default: 16 })),
    loraAlpha: Type.Optional(Type.Number({ exclusiveMinimum: 0, default: 32 })),
    chunkTokens: Type.Optional(
      Type.Integer({
        minimum: 16,
        maximum: 1_048_576,
        default: 1024,
        description: "GradCache chunk; bounds memory, not the batch",
      }),
    ),
    checkpointEvery: Type.Optional(Type.Integer({ minimum: 1, default: 20, description: "steps" })),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 42 })),
  },
  { additionalProperties: false },
);
export type TrainingSettings = Static<typeof TrainingSettings>;

export const TrainingResult = Type.Object({
  modelId: Type.String(),
  steps: Type.Integer(),
  firstLoss: Type.Number(),
  lastLoss: Type.Number({ description: "mean of the last tenth of the steps" }),
  seconds: Type.Number(),
  tokens: Type.Integer({ description: "real tokens, padding left out" }),
  tokensPerSecond: Type.Number(),
  trainableParameters: Type.Integer(),
  peakMemoryBytes: Type.Integer({ description: "resident, of the compute process" }),
  resumedFromStep: Type.Optional(Type.Integer()),
});
export type TrainingResult = Static<typeof TrainingResult>;
