import type {
  EvaluationResult,
  ExperimentState,
  Model,
  ModelRef,
  Run,
  RunRole,
  SearchResult,
  TrainingResult,
  VariantReport,
} from "@espalier/contract";
import { isTerminal, isUnsuccessful } from "@espalier/contract";

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
  const names = [...new Set(runs.flatMap((run) => run.variant ?? []))];
  const ended = runs.every((run) => isTerminal(run.state)) ? latest(runs) : undefined;
  return {
    state: stateOf(runs),
    ...(search ? { search } : {}),
    variants: names.map((name) =>
      variantReport(
        name,
        runs.filter((run) => run.variant === name),
        byId,
        models,
      ),
    ),
    ...(ended ? { endedAt: ended } : {}),
  };
}

function variantReport(
  name: string,
  runs: readonly Run[],
  byId: ReadonlyMap<string, Run>,
  models: ReadonlyMap<string, Model>,
): VariantReport {
  const withRole = (role: RunRole) => runs.find((run) => run.role === role);
  const train = withRole("train");
  const before = withRole("before")?.result as EvaluationResult | undefined;
  const after = withRole("after")?.result as EvaluationResult | undefined;
  const training = train?.result as TrainingResult | undefined;
  const model = train && pruned(modelRef(train), byId, models);
  return {
    name,
    ...(model?.architecture
      ? { layers: model.architecture.layers, parameters: model.architecture.parameters, bytes: model.bytes }
      : {}),
    ...(before ? { before: before.scores, tokensPerSecond: before.tokensPerSecond } : {}),
    ...(after ? { after: after.scores } : {}),
    ...(training ? { trainSeconds: training.seconds, modelId: training.modelId } : {}),
  };
}

const modelRef = (run: Run): ModelRef | undefined => ("model" in run.spec ? run.spec.model : undefined);

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
