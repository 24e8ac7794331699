import { Type, type Static, type TObject } from "typebox";
import { Encoding } from "../models/encoding.ts";
import { TaskScore } from "../kinds/evaluate.ts";
import { idOf, Name, Timestamp } from "../id.ts";
import { CreatedBy } from "../teams/author.ts";
import { PromotionRule } from "./promotion.ts";
import { Variant } from "../layers.ts";
import { Mode } from "../kinds/mode.ts";
import { Limits } from "../runs/limits.ts";
import { Needs, PriorityClass } from "../runs/scheduling.ts";
import { SearchResult, SearchSettings } from "../kinds/search.ts";
import { TrainingSettings } from "../kinds/train.ts";

/** Settings under names, which become parts of variants' names. */
const named = <Settings extends TObject>(settings: Settings, description: string) =>
  Type.Record(Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9._=-]{0,31}$" }), settings, {
    minProperties: 1,
    maxProperties: 32,
    additionalProperties: false,
    description,
  });

/** Runs into which an experiment expands at most. */
export const mostExperimentRuns = 1_000;

/** A recipe: base model, depths to compare, training, evaluation. It expands into runs. */
export const ExperimentSpec = Type.Object(
  {
    name: Name,
    modelId: idOf("model"),
    triplets: idOf("dataset"),
    evaluation: Type.Array(idOf("dataset"), { minItems: 1, maxItems: 32 }),
    variants: Type.Optional(
      Type.Array(Variant, {
        minItems: 1,
        maxItems: 16,
        uniqueItems: true,
        default: ["none", "large", "small"],
      }),
    ),
    baseline: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "the variant to compare with; default: `none`, or the first",
      }),
    ),
    promote: Type.Optional(PromotionRule),
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    search: Type.Optional(SearchSettings),
    searches: Type.Optional(
      named(SearchSettings, "each over `search`; `large` and `small` are picked by each"),
    ),
    training: Type.Optional(TrainingSettings),
    trainings: Type.Optional(named(TrainingSettings, "each over `training`; variants are trained by each")),
    seeds: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 4_294_967_295 }), {
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        description: "of the training; variants are trained with each",
      }),
    ),
    fresh: Type.Optional(
      Type.Boolean({ default: false, description: "computes also what is there already" }),
    ),
    class: Type.Optional(PriorityClass),
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000, default: 0 })),
    needs: Type.Optional(Type.Unsafe<Needs>({ ...Needs, description: "of each of its runs" })),
    limits: Type.Optional(Type.Unsafe<Limits>({ ...Limits, description: "of each of its runs" })),
  },
  { additionalProperties: false },
);
export type ExperimentSpec = Static<typeof ExperimentSpec>;

/** RUNNING until every run is terminal; FAILED when any of them did not succeed. */
export const ExperimentState = Type.Enum(["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]);
export type ExperimentState = Static<typeof ExperimentState>;

export const VariantReport = Type.Object({
  name: Type.String(),
  layers: Type.Optional(Type.Integer()),
  parameters: Type.Optional(Type.Integer({ description: "elements of the checkpoint, adapter left out" })),
  bytes: Type.Optional(Type.Integer({ description: "of the model's files before training" })),
  before: Type.Optional(Type.Array(TaskScore)),
  after: Type.Optional(
    Type.Unsafe<TaskScore[]>({ ...Type.Array(TaskScore), description: "means over the seeds" }),
  ),
  seeds: Type.Optional(
    Type.Array(
      Type.Object({
        seed: Type.Integer(),
        modelId: Type.Optional(Type.String()),
        scores: Type.Optional(Type.Array(TaskScore)),
      }),
      { description: "where there are several" },
    ),
  ),
  trainSeconds: Type.Optional(Type.Number()),
  tokensPerSecond: Type.Optional(
    Type.Number({ description: "embedding speed of the evaluation before training" }),
  ),
  modelId: Type.Optional(Type.String({ description: "the trained model, of the first seed" })),
});
export type VariantReport = Static<typeof VariantReport>;

export const Experiment = Type.Object({
  id: idOf("experiment"),
  name: Name,
  state: ExperimentState,
  spec: ExperimentSpec,
  runIds: Type.Array(idOf("run")),
  search: Type.Optional(SearchResult),
  variants: Type.Array(VariantReport),
  createdAt: Timestamp,
  createdBy: CreatedBy,
  endedAt: Type.Optional(Timestamp),
});
export type Experiment = Static<typeof Experiment>;
