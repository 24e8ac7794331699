import { Type, type Static } from "typebox";

const rate = (description: string) =>
  Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, description }));

/** Contrastive training. Defaults follow the L3Prune recipe where a service can. */
export const TrainingSettings = Type.Object(
  {
    method: Type.Optional(
      Type.Enum(["lora", "full"], {
        default: "lora",
        description: "an adapter on all linear layers, or every weight of the model",
      }),
    ),
    objective: Type.Optional(
      Type.Enum(["supervised", "simcse"], {
        default: "supervised",
        description:
          "positives and negatives of the dataset, or each query against itself under other dropout (SimCSE)",
      }),
    ),
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
    accumulate: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 1,
        description: "batches whose gradients make one step",
      }),
    ),
    learningRate: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1, description: "default: 2e-4; 2e-5 for all weights" }),
    ),
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
    scale: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 1000, description: "of the cosines; default: 50" }),
    ),
    matryoshka: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 65_536 }), {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        description: "prefixes of the vector that must serve alone too; their losses are added up",
      }),
    ),
    loraDropout: rate("default: 0; 0.05 in reference mode"),
    attentionDropout: rate("default: 0; 0.3 for simcse"),
    hiddenDropout: rate("of embeddings and of each branch; default: 0"),
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
