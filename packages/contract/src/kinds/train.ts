import { Type, type Static } from "typebox";
import { embeddingFields, jobFields } from "../compute/job-fields.ts";
import { filled, type Loose } from "../defaults.ts";
import { idOf, Name } from "../id.ts";
import { Encoding, checkedEncoding, resolveEncoding } from "../models/encoding.ts";
import { Architecture } from "../models/model.ts";
import { Problem } from "../problem.ts";
import { ModelRef } from "../models/model-ref.ts";
import {
  bytesPerElement,
  embeddingAdvice,
  headCount,
  layerOutputs,
  leastChunkTokens,
  tokensAtOnce,
  vectorBytes,
  weightBytes,
  type ModelSize,
} from "./memory.ts";
import { computedOn, engineChoice } from "../pool/engine.ts";
import { Mode } from "./mode.ts";
import { Remarks } from "./remarks.ts";
import { runOf, sameSize, type KindRules } from "./rules.ts";
import { computeWork, secondsPerToken } from "./work.ts";

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
      Type.Enum(["supervised", "simcse", "distill"], {
        default: "supervised",
        description:
          "positives and negatives of the dataset, each query against itself under other dropout (SimCSE), or a teacher's vectors",
      }),
    ),
    distillation: Type.Optional(
      Type.Enum(["similarities", "mse", "cosine"], {
        description: "what a student learns: cosines between the texts of a batch (default), or the vectors",
      }),
    ),
    contrastiveWeight: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1000,
        description: "of the supervised loss in distill; default: 0",
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
    adaptiveLayers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description: "depths drawn at each step that must serve alone too, so that any can be kept later",
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
  ...Remarks.properties,
  ...computedOn,
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
  taught: Type.Optional(Type.Integer({ description: "texts that the teacher embedded" })),
});
export type TrainingResult = Static<typeof TrainingResult>;

/** These may stay open: they depend on the dataset, or are not wanted. */
type Open =
  | "warmupSteps"
  | "scheduleSteps"
  | "matryoshka"
  | "adaptiveLayers"
  | "distillation"
  | "contrastiveWeight";

/** Settings with every default filled in. */
export type ResolvedTrainingSettings = Required<Omit<TrainingSettings, Open>> & Pick<TrainingSettings, Open>;

/** Scale of the loss in training; a search that is to predict training uses the same. */
export const trainingScale = 50;

/** @throws {Problem} `request/invalid` naming the field */
export const resolveTrainingSettings = (
  settings: Loose<TrainingSettings> = {},
  mode: Mode = "default",
): ResolvedTrainingSettings => {
  const usual: TrainingSettings = {
    scale: trainingScale,
    learningRate: settings.method === "full" ? 2e-5 : 2e-4,
    loraDropout: mode === "reference" ? 0.05 : 0,
    attentionDropout: settings.objective === "simcse" ? 0.3 : 0,
    hiddenDropout: 0,
  };
  return filled(TrainingSettings, usual, settings) as ResolvedTrainingSettings;
};

/**
 * What stands against a distillation, told by its settings and, where they are known, the widths of the vectors.
 * @param taught undefined without a teacher
 * @throws {Problem} `request/invalid` naming the field
 */
export function checkDistillation(
  { objective, distillation = "similarities", contrastiveWeight, matryoshka }: TrainingSettings,
  taught: { teacher?: number | undefined; student?: number | undefined; texts?: boolean } | undefined,
): void {
  const refuse = (field: string, why: string): never => {
    throw new Problem("request/invalid", why, { field });
  };
  if (objective !== "distill") {
    if (taught) refuse("/teacher", "A teacher is of objective distill; set that, or leave the teacher out.");
    return;
  }
  if (taught === undefined)
    refuse("/teacher", "The objective distill needs a teacher; name a model, or a run that makes one.");
  const { teacher, student, texts } = taught!;
  if (texts && contrastiveWeight)
    refuse(
      "/settings/contrastiveWeight",
      "Bare texts have no positives; leave contrastiveWeight out, or take triplets.",
    );
  if (distillation === "similarities") return;
  if (matryoshka)
    refuse(
      "/settings/matryoshka",
      `Prefixes cannot learn whole vectors by ${distillation}; set distillation=similarities.`,
    );
  if (teacher !== undefined && student !== undefined && teacher !== student)
    refuse(
      "/settings/distillation",
      `The teacher's vectors have ${teacher} numbers and the student's ${student}; set distillation=similarities, which takes any width.`,
    );
}

const closed = { additionalProperties: false } as const;

export const TrainSpec = Type.Object(
  {
    kind: Type.Literal("train"),
    model: ModelRef,
    datasetId: idOf("dataset"),
    ...engineChoice,
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    settings: Type.Optional(TrainingSettings),
    teacher: Type.Optional(ModelRef),
    name: Type.Optional(Name),
  },
  closed,
);
export type TrainSpec = Static<typeof TrainSpec>;

export const TrainJob = Type.Object({
  ...jobFields,
  kind: Type.Literal("train"),
  model: Type.String(),
  baseName: Type.String({ description: "what the adapter's config names as its base" }),
  triplets: Type.String(),
  texts: Type.Boolean({ description: "the dataset holds bare texts" }),
  mode: Mode,
  ...embeddingFields,
  settings: TrainingSettings,
  keptBytes: Type.Optional(
    Type.Integer({ minimum: 0, description: "of activations, kept for the backward pass; default: 0" }),
  ),
  checkpoints: Type.String({ description: "folder that exists; one file for each checkpoint" }),
  resume: Type.Optional(Type.String({ description: "checkpoint of an earlier attempt" })),
  teacher: Type.Optional(
    Type.Object({
      model: Type.String(),
      modelName: Type.String(),
      encoding: Encoding,
      vectors: Type.Optional(Type.String({ description: "file to make, of the teacher's vectors" })),
    }),
  ),
  output: Type.String(),
});

export const TrainOutcome = Type.Object({
  kind: Type.Literal("train"),
  result: Type.Omit(TrainingResult, ["modelId"]),
  /** Of a whole model; absent for an adapter. */
  architecture: Type.Optional(Architecture),
});

export const trainRules: KindRules<TrainSpec> = {
  sharesDevice: false,
  resolve: (spec) => ({
    ...spec,
    mode: spec.mode ?? "default",
    encoding: checkedEncoding(spec.encoding),
    settings: resolveTrainingSettings(spec.settings, spec.mode),
  }),
  dependencies: ({ model, teacher }) => [runOf(model), runOf(teacher)],
  chunkTokens: ({ settings, mode }) => resolveTrainingSettings(settings, mode).chunkTokens,
  predictMemory: (spec, size, chunkTokens) => size && trainingBytes(spec, size, chunkTokens),
  keepable: (spec, size) => tokensOfBatch(spec) * keptBytesOfToken(spec, size),
  work({ encoding, datasetId, settings, mode }, size) {
    const { steps, accumulate, batchSize, hardNegatives, objective } = resolveTrainingSettings(
      settings,
      mode,
    );
    const textsPerRow = objective === "simcse" ? 2 : 2 + hardNegatives;
    return (
      size &&
      computeWork({
        perToken: secondsPerToken(size, 4),
        texts: steps * accumulate * batchSize * textsPerRow,
        longest: resolveEncoding(encoding).maxLength,
        datasetIds: [datasetId],
      })
    );
  },
  sizeAfter: sameSize,
  memoryAdvice({ settings, encoding }, tried) {
    const { maxLength } = resolveEncoding(encoding);
    // A text is computed whole, so a chunk below the longest text saves nothing.
    const smaller = tried > maxLength && tried > leastChunkTokens;
    return [
      ...(smaller ? [`set chunkTokens to ${Math.max(leastChunkTokens, Math.floor(tried / 2))}`] : []),
      ...embeddingAdvice(encoding),
      ...(settings?.method === "full" ? ["train an adapter (method lora)"] : []),
    ];
  },
};

/** Node, a tokenizer, and ONNX Runtime with the sessions of both passes. */
const processBytes = 290e6;

/** Most tokens of the texts of one batch. */
function tokensOfBatch({ settings, mode, encoding }: TrainSpec): number {
  const { batchSize, hardNegatives, objective } = resolveTrainingSettings(settings, mode);
  return batchSize * (objective === "simcse" ? 2 : 2 + hardNegatives) * resolveEncoding(encoding).maxLength;
}

/**
 * The process, the weights, which the sessions of both passes share, what is trained, and the activations of a chunk that wait for
 * the backward pass. The factors are fitted to what `npm run bench -- memory` measures.
 */
function trainingBytes(spec: TrainSpec, size: ModelSize, chunkTokens?: number): number {
  const { settings, mode, encoding } = spec;
  const resolved = resolveTrainingSettings(settings, mode);
  const { chunkTokens: own, loraRank, method } = resolved;
  const { objective, steps, accumulate, batchSize, hardNegatives } = resolved;
  const { maxLength } = resolveEncoding(encoding);
  const tokens = Math.min(tokensOfBatch(spec), tokensAtOnce(chunkTokens ?? own, encoding));
  const outputs = layerOutputs(size);
  // Of a block all products, what norms and activations make of them, and the scores of attention.
  const numbers = 1.3 * outputs + 6 * size.hiddenSize + 1.4 * headCount(size) * maxLength;
  const saved = tokens * size.layers * bytesPerElement * numbers;
  // An adapter has on each of the seven matrices of a layer two sides, a weight the table too.
  const trained =
    method === "full" ? size.parameters : size.layers * loraRank * (outputs + 7 * size.hiddenSize);
  // A teacher is closed before the student is opened, and leaves a vector of each text that is going to be seen.
  const taught =
    objective === "distill" ? steps * accumulate * batchSize * (2 + hardNegatives) * vectorBytes(size) : 0;
  // Of each number the weight, its gradient and both moments of AdamW.
  const learned = 4.25 * trained * bytesPerElement;
  return Math.round(processBytes + weightBytes(size) + saved + learned + taught);
}

/** What of a token `keepProducts` keeps: the products of each block, or the sums that they go into. */
function keptBytesOfToken({ settings, mode, encoding }: TrainSpec, size: ModelSize): number {
  const { loraRank } = resolveTrainingSettings(settings, mode);
  const { maxLength } = resolveEncoding(encoding);
  const numbers =
    (2 / 3) * layerOutputs(size) + 3 * size.hiddenSize + headCount(size) * maxLength + 7 * loraRank;
  return size.layers * bytesPerElement * numbers;
}
