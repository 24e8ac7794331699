import type { Experiment, Run, TrainingResult } from "@espalier/contract";
import { meanScore } from "../tables/experiment-report.ts";

/** What `demo --json FILE` writes. `sts` is the Spearman correlation, the mean over sets when there are several. */
export function demoResult(experiment: Experiment, runs: readonly Run[], wallSeconds: number) {
  const { search } = experiment;
  return {
    experiment: experiment.id,
    search: search && {
      lossByLayer: search.lossByLayer,
      small: search.small,
      large: search.large,
      scale: search.scale,
      samples: search.samples,
      seed: search.seed,
      chance: search.chance,
    },
    variants: experiment.variants.map((variant) => ({
      name: variant.name,
      layers: variant.layers,
      parameters: variant.parameters,
      bytes: variant.bytes,
      before: { sts: meanScore(variant.before), sets: setScores(variant.before) },
      after: { sts: meanScore(variant.after), sets: setScores(variant.after) },
      trainSeconds: variant.trainSeconds,
      tokensPerSecond: variant.tokensPerSecond,
      training: trainingOf(runs, variant.name),
    })),
    wallSeconds,
  };
}

const setScores = (scores: Experiment["variants"][number]["before"]) =>
  scores?.map(({ name, metrics, units }) => ({ name, ...metrics, pairs: units }));

function trainingOf(runs: readonly Run[], variant: string): TrainingResult | undefined {
  const run = runs.find((run) => run.kind === "train" && run.variant === variant);
  return run?.result as TrainingResult | undefined;
}
