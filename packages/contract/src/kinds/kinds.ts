import { Type, type Static } from "typebox";
import { EvaluateJob, EvaluateOutcome, evaluateRules, EvaluateSpec, EvaluationResult } from "./evaluate.ts";
import { ExportJob, ExportOutcome, ExportResult, exportRules, ExportSpec } from "./export.ts";
import { HubImportJob, ImportJob, ImportOutcome, importRules, ImportSpec } from "./import.ts";
import { leastChunkTokens, type ModelSize } from "./memory.ts";
import { ModelResult, PruneJob, PruneOutcome, pruneRules, PruneSpec } from "./prune.ts";
import type { KindRules } from "./rules.ts";
import { SearchJob, SearchOutcome, SearchResult, searchRules, SearchSpec } from "./search.ts";
import type { Work } from "./work.ts";
import { TrainingResult, TrainJob, TrainOutcome, trainRules, TrainSpec } from "./train.ts";

export const runKinds = ["import", "prune", "search", "train", "evaluate", "export"] as const;
export const RunKind = Type.Enum(runKinds);
export type RunKind = (typeof runKinds)[number];

/** The spec of each kind, for bodies that are validated after their `kind` is known. */
export const runSpecs = {
  import: ImportSpec,
  prune: PruneSpec,
  search: SearchSpec,
  train: TrainSpec,
  evaluate: EvaluateSpec,
  export: ExportSpec,
} as const satisfies Record<RunKind, unknown>;

export const RunSpec = Type.Union([ImportSpec, PruneSpec, SearchSpec, TrainSpec, EvaluateSpec, ExportSpec]);
export type RunSpec = Static<typeof RunSpec>;
export type SpecOf<Kind extends RunKind> = Extract<RunSpec, { kind: Kind }>;

/** What `POST /v1/runs` takes. An import is submitted as a model. */
export const SubmittedSpec = Type.Union([PruneSpec, SearchSpec, TrainSpec, EvaluateSpec, ExportSpec]);

/** An attempt of a run, as its compute process sees it. */
export const RunJob = Type.Union([
  ImportJob,
  HubImportJob,
  PruneJob,
  SearchJob,
  TrainJob,
  EvaluateJob,
  ExportJob,
]);
export type RunJob = Static<typeof RunJob>;

/** What an attempt that succeeded has found out; files are in the `output` folder of its job. */
export const RunOutcome = Type.Union([
  ImportOutcome,
  PruneOutcome,
  SearchOutcome,
  TrainOutcome,
  EvaluateOutcome,
  ExportOutcome,
]);

/** What a run leaves behind when it succeeds. */
export const RunResult = Type.Union([
  SearchResult,
  TrainingResult,
  EvaluationResult,
  ExportResult,
  ModelResult,
]);
export type RunResult = Static<typeof RunResult>;

const rules: { readonly [Kind in RunKind]: KindRules<SpecOf<Kind>> } = {
  import: importRules,
  prune: pruneRules,
  search: searchRules,
  train: trainRules,
  evaluate: evaluateRules,
  export: exportRules,
};

const rulesOf = ({ kind }: RunSpec): KindRules<RunSpec> => rules[kind] as KindRules<RunSpec>;

/** Whether others may use the rest of its devices' memory, where the run does not say. */
export const sharesDevice = (kind: RunKind): boolean => rules[kind].sharesDevice;

/**
 * The spec with every default written out that neither the model nor the data decide. It is stored when a run is
 * submitted, so that an upgrade never changes what a queued run means; resolving it again changes nothing.
 * @throws {Problem} `request/invalid` naming the field
 */
export const resolveSpec = <Spec extends RunSpec>(spec: Spec): Spec => rulesOf(spec).resolve(spec) as Spec;

/** Runs whose outputs a spec refers to. */
export const dependenciesOf = (spec: RunSpec): string[] => [
  ...new Set(
    rulesOf(spec)
      .dependencies(spec)
      .filter((id) => id !== undefined),
  ),
];

/** Tokens that a run computes at once, padding included; undefined where it does not compute in chunks. */
export function chunkTokensOf(spec: RunSpec, smaller = false): number | undefined {
  const tokens = rulesOf(spec).chunkTokens(spec);
  return tokens !== undefined && smaller ? Math.max(leastChunkTokens, Math.floor(tokens / 2)) : tokens;
}

/** Peak of memory that a run is expected to have on each device, in bytes; undefined while its model is unknown. */
export const predictMemory = (
  spec: RunSpec,
  size: ModelSize | undefined,
  chunkTokens?: number,
): number | undefined => rulesOf(spec).predictMemory(spec, size, chunkTokens);

/** Bytes of activations that a run could keep instead of computing them again. */
export const keepableBytes = (spec: RunSpec, size: ModelSize): number =>
  rulesOf(spec).keepable?.(spec, size) ?? 0;

/** What a run has to do; undefined while its model is unknown. */
export const workOf = (spec: RunSpec, size: ModelSize | undefined): Work | undefined =>
  rulesOf(spec).work(spec, size);

/** What a run makes of a model of some size. */
export const sizeAfter = (spec: RunSpec, size: ModelSize): ModelSize => rulesOf(spec).sizeAfter(spec, size);

/**
 * What a person can do about a run that ran out of memory, in numbers.
 * @param shrunk it was also tried with the smaller chunk
 */
export function adviseOnMemory(spec: RunSpec, shrunk: boolean): string {
  const whole = chunkTokensOf(spec);
  if (whole === undefined)
    return "It holds the model's tensors and little else: give it a worker with more memory.";
  const tried = chunkTokensOf(spec, shrunk)!;
  const how = shrunk
    ? `with chunks of ${whole} tokens and again with ${tried}`
    : `with chunks of ${whole} tokens`;
  const advice = [...(rulesOf(spec).memoryAdvice?.(spec, tried) ?? []), "keep fewer layers"];
  return `It was tried ${how}; ${advice.join(", ")}, or use a device with more memory.`;
}
