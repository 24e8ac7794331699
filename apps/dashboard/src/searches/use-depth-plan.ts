import type { Dataset, Experiment, Page, Plan, PlanRequest } from "@espalier/contract";
import { mainMetrics } from "@espalier/contract/task-types";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { send } from "../api/request.ts";
import { useResource } from "../api/use-resource.ts";
import { scoreOf } from "../experiments/score.ts";

/** A depth is asked about when the slider has stood on it for so long. */
const settledMs = 250;

/** What a depth is asked about, and would be submitted with. */
export interface DepthInputs {
  modelId: string | undefined;
  triplets: string | undefined;
  /** Evaluation sets of the team, the newest first. */
  evaluations: readonly Dataset[];
}

export function useEvaluations(): readonly Dataset[] {
  const { data } = useResource<Page<Dataset>>("datasets", { query: { limit: 200 } });
  return useMemo(() => data?.items.filter(({ kind }) => kind in mainMetrics) ?? [], [data]);
}

/** What the planner says of pruning a model to a depth, training it there, and evaluating it before and after. */
export function useDepthPlan({ modelId, triplets, evaluations }: DepthInputs, depth: number) {
  const evaluation = evaluations[0]?.id;
  const [settled, setSettled] = useState(depth);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(depth), settledMs);
    return () => clearTimeout(timer);
  }, [depth]);
  return useQuery({
    queryKey: ["depth-plan", modelId, triplets, evaluation, settled],
    queryFn: () => {
      const experiment = {
        name: `depth-${settled}`,
        modelId: modelId!,
        triplets: triplets!,
        evaluation: [evaluation!],
        variants: [settled],
      };
      return send<Plan>("POST", "plan", { experiment } satisfies PlanRequest);
    },
    enabled: modelId !== undefined && triplets !== undefined && evaluation !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

/** A score that some experiment has measured. */
export interface KnownScore {
  experiment: Experiment;
  before: number | undefined;
  after: number | undefined;
}

/** What experiments on the same model have scored at a depth. */
export function useKnownScores(modelId: string | undefined, depth: number): KnownScore[] {
  const { data } = useResource<Page<Experiment>>("experiments", { query: { limit: 100 } });
  return (data?.items ?? [])
    .filter(({ spec }) => spec.modelId === modelId)
    .flatMap((experiment) =>
      experiment.variants
        .filter(({ layers }) => layers === depth)
        .map((variant) => ({
          experiment,
          before: scoreOf(variant.before),
          after: scoreOf(variant.after),
        })),
    )
    .filter(({ before, after }) => before !== undefined || after !== undefined);
}
