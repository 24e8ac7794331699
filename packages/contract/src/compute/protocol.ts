import { Encoding } from "../models/encoding.ts";
import { EvaluationResult } from "../kinds/evaluation.ts";
import { ExportFormat, Parity } from "../kinds/export.ts";
import { HubSource } from "../models/hub.ts";
import { KeptLayers } from "../layers.ts";
import { LogLevel } from "../runs/metric.ts";
import { Mode } from "../kinds/mode.ts";
import { Architecture } from "../models/model.ts";
import { ProblemDocument } from "../problem.ts";
import { Progress } from "../runs/run.ts";
import { SearchResult, SearchSettings } from "../kinds/search.ts";
import { TrainingResult, TrainingSettings } from "../kinds/training.ts";
import { Type, type Static } from "typebox";
import { Compile } from "typebox/compile";

/**
 * What a supervisor and its compute process say to one another: one JSON document a line. The supervisor writes to the
 * process's standard input; the process answers on file descriptor 3, so that nothing a library prints can be taken for
 * a message. All paths are local and absolute: the process knows no database and no store, and of secrets only the hub
 * token of the import that it makes.
 */
export const messageDescriptor = 3;

/** What every job says. */
export const common = {
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

export const SearchJob = Type.Object({
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

export type ImportJob = Static<typeof ImportJob>;
export type HubImportJob = Static<typeof HubImportJob>;
export type PruneJob = Static<typeof PruneJob>;
export type SearchJob = Static<typeof SearchJob>;
export type TrainJob = Static<typeof TrainJob>;
export type EvaluateJob = Static<typeof EvaluateJob>;
export type ExportJob = Static<typeof ExportJob>;

/** One run as its compute process sees it. */
const Job = Type.Union([ImportJob, HubImportJob, PruneJob, SearchJob, TrainJob, EvaluateJob, ExportJob]);
export type Job = Static<typeof Job>;

/** One format: which file of the output folder stands where in its own. */
const ExportedFolder = Type.Object({
  format: ExportFormat,
  files: Type.Array(Type.Object({ name: Type.String(), path: Type.String() })),
  parity: Parity,
  int8: Type.Optional(Parity),
});
export type ExportedFolder = Static<typeof ExportedFolder>;

/** What a job that succeeded has found out; files are in its `output` folder. */
const Outcome = Type.Union([
  Type.Object({
    kind: Type.Literal("import"),
    architecture: Architecture,
    commit: Type.Optional(Type.String({ description: "of a hub; the model's files are in `output`" })),
  }),
  Type.Object({ kind: Type.Literal("prune"), architecture: Architecture }),
  Type.Object({ kind: Type.Literal("search"), result: SearchResult }),
  Type.Object({
    kind: Type.Literal("train"),
    result: Type.Omit(TrainingResult, ["modelId"]),
    /** Of a whole model; absent for an adapter. */
    architecture: Type.Optional(Architecture),
  }),
  Type.Object({ kind: Type.Literal("evaluate"), result: EvaluationResult }),
  Type.Object({
    kind: Type.Literal("export"),
    /** Of the merged model, where there is one. */
    architecture: Type.Optional(Architecture),
    exports: Type.Array(ExportedFolder),
    notes: Type.Array(Type.String()),
  }),
]);
export type Outcome = Static<typeof Outcome>;
export type ImportOutcome = Extract<Outcome, { kind: "import" }>;

/** How to reach a hub. Beside the job and no part of it: a token and a proxy's password are nothing to log. */
const HubAccess = Type.Object({
  endpoint: Type.String(),
  origins: Type.Optional(Type.Array(Type.String())),
  proxy: Type.Optional(Type.Object({ http: Type.String(), https: Type.String(), no: Type.String() })),
  token: Type.Optional(Type.String()),
});
export type HubAccess = Static<typeof HubAccess>;

/** To the compute process. `stop`: save what can be resumed from and end. */
const Instruction = Type.Union([
  Type.Object({ type: Type.Literal("start"), job: Job, hub: Type.Optional(HubAccess) }),
  Type.Object({ type: Type.Literal("stop") }),
]);
export type Instruction = Static<typeof Instruction>;

/** From the compute process. The last one is `done`, `stopped` or `failed`. */
const Message = Type.Union([
  Type.Object({ type: Type.Literal("progress"), progress: Progress }),
  Type.Object({
    type: Type.Literal("metrics"),
    points: Type.Array(
      Type.Object({
        name: Type.String(),
        step: Type.Integer({ minimum: 0 }),
        value: Type.Union([Type.Number(), Type.Null()], { description: "null: not finite" }),
      }),
    ),
  }),
  Type.Object({ type: Type.Literal("log"), level: LogLevel, message: Type.String() }),
  Type.Object({ type: Type.Literal("checkpoint"), step: Type.Integer({ minimum: 0 }), path: Type.String() }),
  Type.Object({ type: Type.Literal("done"), outcome: Outcome }),
  Type.Object({ type: Type.Literal("stopped") }),
  Type.Object({ type: Type.Literal("failed"), problem: ProblemDocument }),
]);
export type Message = Static<typeof Message>;

const instructions = Compile(Instruction);
const messages = Compile(Message);

/** @throws {TypeError} for a line that is not an instruction */
export const parseInstruction = (line: string): Instruction => instructions.Parse(JSON.parse(line));

/** @throws {TypeError} for a line that is not a message */
export const parseMessage = (line: string): Message => messages.Parse(JSON.parse(line));

export const formatLine = (document: { readonly type: string }): string => `${JSON.stringify(document)}\n`;
