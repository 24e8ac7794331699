import type {
  EvaluationResult,
  ExperimentState,
  Model,
  ModelRef,
  Run,
  SearchResult,
  TaskScore,
  TrainingResult,
  VariantReport,
} from "@espalier/contract";
import { isTerminal, isUnsuccessful } from "@espalier/contract";
import { cellsOf, type Cell } from "./cells.ts";

/** What an experiment has found so far. Parts that are not known yet are absent. */
export interface Report {
  state: ExperimentState;
  search?: SearchResult;
  variants: VariantReport[];
  endedAt?: string;
}

/**
 * Reads an experiment's findings off its runs.
 * @param runs all runs of one experiment, oldest first
 * @param models those that the runs refer to or produced, by id
 */
export function report(runs: readonly Run[], models: ReadonlyMap<string, Model>): Report {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const search = runs.find((run) => run.role === "search")?.result as SearchResult | undefined;
  const ended = runs.every((run) => isTerminal(run.state)) ? latest(runs) : undefined;
  return {
    state: stateOf(runs),
    ...(search ? { search } : {}),
    variants: cellsOf(runs).map((cell) => variantReport(cell, byId, models)),
    ...(ended ? { endedAt: ended } : {}),
  };
}

function variantReport(
  { name, model: ref, before: measured, trained }: Cell,
  byId: ReadonlyMap<string, Run>,
  models: ReadonlyMap<string, Model>,
): VariantReport {
  const before = measured?.result as EvaluationResult | undefined;
  const ofSeeds = trained.map(({ seed, train, after }) => ({
    seed,
    training: train.result as TrainingResult | undefined,
    scores: (after?.result as EvaluationResult | undefined)?.scores,
  }));
  const after = meanScores(ofSeeds.flatMap(({ scores }) => (scores ? [scores] : [])));
  const [first] = ofSeeds;
  const model = pruned(ref, byId, models);
  return {
    name,
    ...(model?.architecture
      ? { layers: model.architecture.layers, parameters: model.architecture.parameters, bytes: model.bytes }
      : {}),
    ...(before ? { before: before.scores, tokensPerSecond: before.tokensPerSecond } : {}),
    ...(after ? { after } : {}),
    ...(first?.training ? { trainSeconds: first.training.seconds, modelId: first.training.modelId } : {}),
    ...(ofSeeds.length > 1
      ? {
          seeds: ofSeeds.map(({ seed = 0, training, scores }) => ({
            seed,
            ...(training && { modelId: training.modelId }),
            ...(scores && { scores }),
          })),
        }
      : {}),
  };
}

/** Means over the seeds that are done; undefined before the first. */
function meanScores(ofSeeds: readonly TaskScore[][]): TaskScore[] | undefined {
  if (ofSeeds.length < 2) return ofSeeds[0];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return ofSeeds[0]!.map((of) => {
    const all = ofSeeds.flatMap((scores) => scores.find(({ datasetId }) => datasetId === of.datasetId) ?? []);
    const metrics = Object.keys(of.metrics).map((name) => [
      name,
      mean(all.map((each) => each.metrics[name]!)),
    ]);
    return {
      ...of,
      score: mean(all.map(({ score }) => score)),
      metrics: Object.fromEntries(metrics) as TaskScore["metrics"],
    };
  });
}

function pruned(
  ref: ModelRef | undefined,
  byId: ReadonlyMap<string, Run>,
  models: ReadonlyMap<string, Model>,
): Model | undefined {
  if (ref === undefined) return undefined;
  if (typeof ref === "string") return models.get(ref);
  const result = byId.get(ref.run)?.result as { modelId?: string } | undefined;
  return result?.modelId === undefined ? undefined : models.get(result.modelId);
}

function stateOf(runs: readonly Run[]): ExperimentState {
  if (runs.some((run) => !isTerminal(run.state))) return "RUNNING";
  if (runs.some((run) => run.state !== "CANCELLED" && isUnsuccessful(run.state))) return "FAILED";
  return runs.some((run) => run.state === "CANCELLED") ? "CANCELLED" : "SUCCEEDED";
}

const latest = (runs: readonly Run[]): string | undefined =>
  runs
    .flatMap((run) => run.endedAt ?? [])
    .sort()
    .at(-1);
