import { Type, type Static } from "typebox";
import { taskTypes } from "../datasets/task-types.ts";
import type { DatasetKind } from "../datasets/dataset.ts";
import type { KeptLayers } from "../layers.ts";

const searchRuleNames = [
  "l3prune",
  "evaluation",
  "block-influence",
  "angular-distance",
  "sleb",
  "fixed",
  "uniform",
  "random",
] as const;

/**
 * By what a search picks the layers to keep. Costs in passes of all texts through the model of N layers, to keep n:
 *
 * | rule | keeps | source | cost |
 * |---|---|---|---|
 * | `l3prune` | the first n of least contrastive loss, in each half of the depths | arXiv:2410.14578 §3 | 1 |
 * | `evaluation` | the first n of best score on a task, in each half of the depths | arXiv:2502.02013 | 1 |
 * | `block-influence` | all but those that turn their input least | ShortGPT, arXiv:2403.03853, eq. 1 | 1 |
 * | `angular-distance` | all but the run of layers across which the last token turns least | arXiv:2403.17887, eq. 7 | 1 |
 * | `sleb` | what is left when the layer is removed again and again whose loss costs least | SLEB, arXiv:2402.09025, alg. 1 | (N−n)·(N+n−3)/2 |
 * | `fixed` | the first n | | 0 |
 * | `uniform` | n at even distances, the first and the last among them: a control | | 0 |
 * | `random` | any n: a control | | 0 |
 */
export const SearchRule = Type.Enum(searchRuleNames);
export type SearchRule = Static<typeof SearchRule>;

/** What a rule needs and finds. */
export interface SearchRuleTraits {
  /** Kinds of datasets that it computes with; none where it computes nothing. */
  readonly datasets: readonly DatasetKind[];
  /** Whether it finds by itself how many layers to keep; the others are told. */
  readonly findsSizes: boolean;
  /** Whether it cuts the data into batches. */
  readonly batches: boolean;
}

export const searchRuleTraits: { readonly [K in SearchRule]: SearchRuleTraits } = {
  l3prune: { datasets: ["triplets"], findsSizes: true, batches: true },
  evaluation: { datasets: taskTypes, findsSizes: true, batches: false },
  "block-influence": { datasets: ["triplets", "texts"], findsSizes: false, batches: true },
  "angular-distance": { datasets: ["triplets", "texts"], findsSizes: false, batches: true },
  sleb: { datasets: ["triplets"], findsSizes: false, batches: true },
  fixed: { datasets: [], findsSizes: false, batches: false },
  uniform: { datasets: [], findsSizes: false, batches: false },
  random: { datasets: [], findsSizes: false, batches: false },
};

/** How often SLEB computes all texts, to keep so many layers of a model: its first and its last layer always stay. */
export const slebPasses = (depth: number, kept: number): number => ((depth - kept) * (depth + kept - 3)) / 2;

/** How sure a pick is, by drawing the samples again with replacement. */
export interface PickStability {
  /** Of the resamples that pick the same. */
  share: number;
  /** What else they pick, the most frequent first. */
  others: { layers: KeptLayers; share: number }[];
  /** About how many samples make it 95 % sure; null: more than could be tried. */
  samplesFor95: number | null;
}

export interface SearchStability {
  resamples: number;
  small: PickStability | null;
  large: PickStability | null;
}

/** What a rule went by: loss, block influence, the name of a metric … */
export interface RuleCurve {
  name: string;
  /** `depth` from 1; `layer` from 0; `first-dropped`: the layer where the dropped run begins; `removed`: how many are out, from 1. */
  axis: "depth" | "layer" | "first-dropped" | "removed";
  /** Of which pick; absent: of both. */
  pick?: "small" | "large";
  values: (number | null)[];
  standardErrors: (number | null)[];
}

/** Where each axis begins. */
export const firstOnAxis: { readonly [Axis in RuleCurve["axis"]]: 0 | 1 } = {
  depth: 1,
  layer: 0,
  "first-dropped": 0,
  removed: 1,
};
