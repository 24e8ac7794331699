import { Type, type Static } from "typebox";
import { EvaluationResult } from "../kinds/evaluation.ts";
import { ExportFormat, Parity } from "../kinds/export.ts";
import { SearchResult } from "../kinds/search.ts";
import { TrainingResult } from "../kinds/training.ts";
import { Architecture } from "../models/model.ts";
import type { JobKind, RunJob } from "./job.ts";

/** One format: which file of the output folder stands where in its own. */
const ExportedFolder = Type.Object({
  format: ExportFormat,
  files: Type.Array(Type.Object({ name: Type.String(), path: Type.String() })),
  parity: Parity,
  int8: Type.Optional(Parity),
});
export type ExportedFolder = Static<typeof ExportedFolder>;

/** What a folder's checkpoint weighs. */
const CheckpointSize = Type.Object({
  layers: Type.Integer(),
  parameters: Type.Integer(),
  bytes: Type.Integer({ description: "of all weights" }),
});
export type CheckpointSize = Static<typeof CheckpointSize>;

/** What a job that succeeded has found out; files are in its `output` folder. */
export const Outcome = Type.Union([
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
    /** Architecture of a whole model; absent for an adapter. */
    architecture: Type.Optional(Architecture),
  }),
  Type.Object({ kind: Type.Literal("evaluate"), result: EvaluationResult }),
  Type.Object({
    kind: Type.Literal("export"),
    /** Architecture of the merged model, where there is one. */
    architecture: Type.Optional(Architecture),
    exports: Type.Array(ExportedFolder),
    notes: Type.Array(Type.String()),
  }),
  Type.Object({
    kind: Type.Literal("prune-folder"),
    before: CheckpointSize,
    after: CheckpointSize,
    mergedAdapter: Type.Boolean(),
  }),
  Type.Object({
    kind: Type.Literal("embed"),
    texts: Type.Integer(),
    width: Type.Integer(),
    tokens: Type.Integer(),
    seconds: Type.Number(),
  }),
]);
export type Outcome = Static<typeof Outcome>;

/** What a job of one kind finds out. A model of the hub becomes an import like any other. */
export type OutcomeOf<Kind extends JobKind> = Extract<
  Outcome,
  { kind: Kind extends "hub-import" ? "import" : Kind }
>;

/** What an attempt of a run finds out. */
export type RunOutcome = OutcomeOf<RunJob["kind"]>;
