import { Type, type Static } from "typebox";
import { Encoding } from "../models/encoding.ts";
import { EvaluationResult } from "../kinds/evaluation.ts";
import { ExportFormat, exportFormats, ExportResult } from "../kinds/export.ts";
import { FailureClass } from "./failure.ts";
import { HubSource } from "../models/hub.ts";
import { idOf, Name, Timestamp } from "../id.ts";
import { LayersRef } from "../layers.ts";
import { Mode } from "../kinds/mode.ts";
import { ProblemDocument, Problem } from "../problem.ts";
import { Needs, PriorityClass } from "./scheduling.ts";
import { SearchResult, SearchSettings } from "../kinds/search.ts";
import { TrainingResult, TrainingSettings } from "../kinds/training.ts";
import { Waiting } from "./waiting.ts";

export const runKinds = ["import", "prune", "search", "train", "evaluate", "export"] as const;
export const RunKind = Type.Enum(runKinds);
export type RunKind = (typeof runKinds)[number];

/**
 * - WAITING: runs it depends on have not succeeded yet
 * - QUEUED: ready; the scheduler orders these
 * - DISPATCHED: has devices of one worker, which is told and may claim it
 * - RUNNING: a worker holds its lease
 * - SUCCEEDED, FAILED, CANCELLED, SKIPPED (a dependency did not succeed), QUARANTINED (it crashes whatever computes it):
 *   terminal
 */
export const runStates = [
  "WAITING",
  "QUEUED",
  "DISPATCHED",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "SKIPPED",
  "QUARANTINED",
] as const;
export const RunState = Type.Enum(runStates);
export type RunState = (typeof runStates)[number];

/** Exits of every state. Those that are terminal leave only by an explicit retry. */
export const runMoves = {
  WAITING: ["QUEUED", "CANCELLED", "SKIPPED"],
  QUEUED: ["DISPATCHED", "CANCELLED"],
  DISPATCHED: ["RUNNING", "QUEUED", "CANCELLED"],
  RUNNING: ["SUCCEEDED", "FAILED", "CANCELLED", "QUEUED", "QUARANTINED"],
  SUCCEEDED: [],
  FAILED: ["WAITING", "QUEUED"],
  CANCELLED: ["WAITING", "QUEUED"],
  SKIPPED: ["WAITING", "QUEUED"],
  QUARANTINED: ["WAITING", "QUEUED"],
} as const satisfies Record<RunState, readonly RunState[]>;

/** Terminal states of a run that has no result. */
export const unsuccessfulStates = ["FAILED", "CANCELLED", "SKIPPED", "QUARANTINED"] as const;

export const isUnsuccessful = (state: RunState): boolean =>
  (unsuccessfulStates as readonly RunState[]).includes(state);

export const isTerminal = (state: RunState): boolean => state === "SUCCEEDED" || isUnsuccessful(state);

/** States from which a run may move to `to`; what a compare-and-set update lists. */
export const statesBefore = (to: RunState): RunState[] =>
  runStates.filter((from) => (runMoves[from] as readonly RunState[]).includes(to));

/** Throws `run/illegal-move` unless the state machine allows the move. */
export function assertMove(from: RunState, to: RunState): void {
  if ((runMoves[from] as readonly RunState[]).includes(to)) return;
  throw new Problem("run/illegal-move", `A run that is ${from} cannot become ${to}.`);
}

/** A model that exists, or the one that another run will produce. */
export const ModelRef = Type.Union([
  idOf("model"),
  Type.Object({ run: idOf("run") }, { additionalProperties: false }),
]);
export type ModelRef = Static<typeof ModelRef>;

const closed = { additionalProperties: false } as const;

/**
 * Checks the tensors of an upload, or of a model that it downloads from the hub, and makes the model READY. Submitted
 * through `POST /v1/models` only.
 */
const ImportSpec = Type.Union([
  Type.Object({ kind: Type.Literal("import"), modelId: idOf("model"), uploadId: idOf("upload") }, closed),
  Type.Object({ kind: Type.Literal("import"), modelId: idOf("model"), source: HubSource }, closed),
]);
type ImportSpec = Static<typeof ImportSpec>;

export const PruneSpec = Type.Object(
  {
    kind: Type.Literal("prune"),
    model: ModelRef,
    layers: LayersRef,
    mode: Type.Optional(Mode),
    name: Type.Optional(Name),
  },
  closed,
);
export type PruneSpec = Static<typeof PruneSpec>;

const SearchSpec = Type.Object(
  {
    kind: Type.Literal("search"),
    model: ModelRef,
    datasetId: idOf("dataset"),
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    settings: Type.Optional(SearchSettings),
  },
  closed,
);
type SearchSpec = Static<typeof SearchSpec>;

const TrainSpec = Type.Object(
  {
    kind: Type.Literal("train"),
    model: ModelRef,
    datasetId: idOf("dataset"),
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
    settings: Type.Optional(TrainingSettings),
    name: Type.Optional(Name),
  },
  closed,
);
type TrainSpec = Static<typeof TrainSpec>;

const EvaluateSpec = Type.Object(
  {
    kind: Type.Literal("evaluate"),
    model: ModelRef,
    datasetIds: Type.Array(idOf("dataset"), { minItems: 1, maxItems: 32 }),
    mode: Type.Optional(Mode),
    encoding: Type.Optional(Encoding),
  },
  closed,
);
type EvaluateSpec = Static<typeof EvaluateSpec>;

/** Writes what other tools load. The encoding is that which the model was trained with, unless it is given. */
const ExportSpec = Type.Object(
  {
    kind: Type.Literal("export"),
    model: ModelRef,
    formats: Type.Optional(
      Type.Array(ExportFormat, {
        minItems: 1,
        maxItems: exportFormats.length,
        uniqueItems: true,
        default: ["safetensors"],
      }),
    ),
    encoding: Type.Optional(Encoding),
    dtype: Type.Optional(
      Type.Enum(["F32", "BF16", "F16"], { description: "of safetensors; default: that of each weight" }),
    ),
    shardBytes: Type.Optional(
      Type.Integer({
        minimum: 1_000_000,
        default: 5_000_000_000,
        description: "most bytes of one file of weights",
      }),
    ),
    name: Type.Optional(Name),
  },
  closed,
);
type ExportSpec = Static<typeof ExportSpec>;

export const RunSpec = Type.Union([ImportSpec, PruneSpec, SearchSpec, TrainSpec, EvaluateSpec, ExportSpec]);
export type RunSpec = Static<typeof RunSpec>;

/** The spec of one kind, for bodies that are validated after their `kind` is known. */
export const runSpecs = {
  import: ImportSpec,
  prune: PruneSpec,
  search: SearchSpec,
  train: TrainSpec,
  evaluate: EvaluateSpec,
  export: ExportSpec,
} as const satisfies Record<RunKind, unknown>;

/** What a run of an experiment is for: `before` and `after` measure a variant before and after its training. */
export const runRoles = ["search", "prune", "before", "train", "after"] as const;
export const RunRole = Type.Enum(runRoles, { description: "what a run of an experiment is for" });
export type RunRole = (typeof runRoles)[number];

/** What a run of each kind leaves behind when it succeeds. */
const ModelResult = Type.Object({ modelId: idOf("model") });
export const RunResult = Type.Union([
  SearchResult,
  TrainingResult,
  EvaluationResult,
  ExportResult,
  ModelResult,
]);
export type RunResult = Static<typeof RunResult>;

/** Where an attempt stands. `done` and `total` count `unit`s of the current phase. */
export const Progress = Type.Object({
  phase: Type.String(),
  done: Type.Number({ minimum: 0 }),
  total: Type.Number({ minimum: 0 }),
  unit: Type.String(),
});
export type Progress = Static<typeof Progress>;

export const Run = Type.Object({
  id: idOf("run"),
  kind: RunKind,
  state: RunState,
  spec: RunSpec,
  class: PriorityClass,
  priority: Type.Integer({ description: "higher first among the runs of one user; default 0" }),
  needs: Needs,
  predictedBytes: Type.Optional(
    Type.Integer({ minimum: 0, description: "expected peak of memory on each device, before the margin" }),
  ),
  waiting: Type.Optional(
    Type.Unsafe<Waiting>({ ...Waiting, description: "why it has not started; while it waits" }),
  ),
  dependsOn: Type.Array(idOf("run")),
  experimentId: Type.Optional(idOf("experiment")),
  variant: Type.Optional(Type.String()),
  role: Type.Optional(RunRole),
  attempt: Type.Integer({ minimum: 0, description: "0 until first claimed" }),
  progress: Type.Optional(Progress),
  result: Type.Optional(RunResult),
  problem: Type.Optional(ProblemDocument),
  failure: Type.Optional(FailureClass),
  cancelRequestedAt: Type.Optional(Timestamp),
  workerId: Type.Optional(idOf("worker")),
  createdAt: Timestamp,
  queuedAt: Type.Optional(Timestamp),
  startedAt: Type.Optional(Timestamp),
  endedAt: Type.Optional(Timestamp),
});
export type Run = Static<typeof Run>;

/** `POST /v1/runs`. An import is submitted as a model. */
export const RunCreate = Type.Object(
  {
    spec: Type.Union([PruneSpec, SearchSpec, TrainSpec, EvaluateSpec, ExportSpec]),
    class: Type.Optional(PriorityClass),
    priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000, default: 0 })),
    needs: Type.Optional(Needs),
    dependsOn: Type.Optional(
      Type.Array(idOf("run"), {
        maxItems: 64,
        description: "runs that must have succeeded, beside those that the spec names",
      }),
    ),
  },
  closed,
);
export type RunCreate = Static<typeof RunCreate>;

/** Runs whose outputs a spec refers to. */
export function dependenciesOf(spec: RunSpec): string[] {
  const ids = new Set<string>();
  if ("model" in spec && typeof spec.model === "object") ids.add(spec.model.run);
  if (spec.kind === "prune" && typeof spec.layers === "object" && "run" in spec.layers)
    ids.add(spec.layers.run);
  return [...ids];
}
