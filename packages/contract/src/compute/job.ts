import { Type, type Static } from "typebox";
import { ExportFormat } from "../kinds/export.ts";
import { Mode } from "../kinds/mode.ts";
import { SearchSettings } from "../kinds/search.ts";
import { TrainingSettings } from "../kinds/training.ts";
import { KeptLayers, type FixedLayersRef } from "../layers.ts";
import { Encoding } from "../models/encoding.ts";
import { HubSource } from "../models/hub.ts";

/*
 * What a compute process may be asked to do: one attempt of a run for a worker, or one command of the command line on a
 * folder. All paths are local and absolute.
 */

/** What every job says. A job that needs no tensors starts no engine. */
const common = {
  engine: Type.String(),
  threads: Type.Optional(Type.Integer({ minimum: 1 })),
};

/** How texts are embedded; `auto` among the templates goes by the name. */
const embedding = {
  modelName: Type.Optional(Type.String({ description: "of the imported model that this one was made from" })),
  encoding: Encoding,
};

const ImportJob = Type.Object({ ...common, kind: Type.Literal("import"), model: Type.String() });

const HubImportJob = Type.Object({
  ...common,
  kind: Type.Literal("hub-import"),
  source: HubSource,
  downloads: Type.String({
    description: "folder that exists; an earlier attempt may have left a part of it",
  }),
  output: Type.String(),
  maxFileBytes: Type.Integer({ minimum: 1 }),
});

const PruneJob = Type.Object({
  ...common,
  kind: Type.Literal("prune"),
  model: Type.String(),
  layers: KeptLayers,
  output: Type.String({ description: "folder to make" }),
});

const SearchJob = Type.Object({
  ...common,
  kind: Type.Literal("search"),
  model: Type.String(),
  triplets: Type.String(),
  mode: Mode,
  ...embedding,
  settings: SearchSettings,
  chunkTokens: Type.Optional(Type.Integer({ minimum: 16 })),
});

const TrainJob = Type.Object({
  ...common,
  kind: Type.Literal("train"),
  model: Type.String(),
  baseName: Type.String({ description: "what the adapter's config names as its base" }),
  triplets: Type.String(),
  texts: Type.Boolean({ description: "the dataset holds bare texts" }),
  mode: Mode,
  ...embedding,
  settings: TrainingSettings,
  checkpoints: Type.String({ description: "folder that exists; one file for each checkpoint" }),
  resume: Type.Optional(Type.String({ description: "checkpoint of an earlier attempt" })),
  output: Type.String(),
});

const EvaluateJob = Type.Object({
  ...common,
  kind: Type.Literal("evaluate"),
  model: Type.String(),
  datasets: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), path: Type.String() })),
  mode: Mode,
  ...embedding,
  chunkTokens: Type.Optional(Type.Integer({ minimum: 16 })),
});

const ExportJob = Type.Object({
  ...common,
  kind: Type.Literal("export"),
  model: Type.String(),
  adapter: Type.Boolean(),
  /** What the adapter is to be put on, and which of its layers were kept. */
  base: Type.Object({
    name: Type.String(),
    layers: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
    config: Type.String({ description: "its config.json" }),
  }),
  formats: Type.Array(ExportFormat, { minItems: 1 }),
  ...embedding,
  dtype: Type.Optional(Type.Enum(["F32", "BF16", "F16"])),
  shardBytes: Type.Integer({ minimum: 1 }),
  output: Type.String(),
});

/** `keptLayers` checks it against the model, so that a refusal names the model's depth. */
const Layers = Type.Unsafe<FixedLayersRef>({});

const PruneFolderJob = Type.Object({
  ...common,
  kind: Type.Literal("prune-folder"),
  model: Type.String({ description: "folder; an adapter in it is merged" }),
  layers: Layers,
  output: Type.String({ description: "folder to make" }),
});

export const vectorFormats = ["json", "npy", "f32"] as const;
export type VectorFormat = (typeof vectorFormats)[number];

const EmbedJob = Type.Object({
  ...common,
  kind: Type.Literal("embed"),
  model: Type.String(),
  layers: Type.Optional(Layers),
  encoding: Encoding,
  instruction: Type.Optional(Type.String()),
  normalize: Type.Boolean(),
  texts: Type.Optional(Type.Array(Type.String(), { description: "absent: lines of the texts' descriptor" })),
  format: Type.Enum(vectorFormats),
});

export type HubImportJob = Static<typeof HubImportJob>;
export type PruneJob = Static<typeof PruneJob>;
export type SearchJob = Static<typeof SearchJob>;
export type TrainJob = Static<typeof TrainJob>;
export type EvaluateJob = Static<typeof EvaluateJob>;
export type ExportJob = Static<typeof ExportJob>;
export type PruneFolderJob = Static<typeof PruneFolderJob>;
export type EmbedJob = Static<typeof EmbedJob>;

/** An attempt of a run, as its compute process sees it. */
const RunJob = Type.Union([ImportJob, HubImportJob, PruneJob, SearchJob, TrainJob, EvaluateJob, ExportJob]);
export type RunJob = Static<typeof RunJob>;

/** The command line asks for these, and for the search of a run. */
export const Job = Type.Union([RunJob, PruneFolderJob, EmbedJob]);
export type Job = Static<typeof Job>;
export type JobKind = Job["kind"];
export type JobOf<Kind extends JobKind> = Extract<Job, { kind: Kind }>;
