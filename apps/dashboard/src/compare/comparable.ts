import type { Run } from "@espalier/contract";
import { flatten } from "../run/settings.ts";

/** What runs measured can be compared only where these are the same. */
const sameFor = [
  [
    "datasetId",
    "They work on different datasets, so that their losses and scores say little about each other.",
  ],
  [
    "settings.batchSize",
    "Their batches differ in size: a contrastive loss grows with the number of candidates.",
  ],
  ["settings.scale", "Their losses have different scales."],
] as const;

/** Why numbers of runs should not be compared, in sentences; none where nothing is known against it. */
export function whyNotComparable(runs: readonly Run[]): string[] {
  const kinds = new Set(runs.map(({ kind }) => kind));
  const settings = runs.map((run) => flatten(run.resolved ?? run.spec));
  const differs = (name: string): boolean => new Set(settings.map((each) => each.get(name))).size > 1;
  return [
    ...(kinds.size > 1
      ? [`They are of different kinds: ${[...kinds].join(", ")}.`]
      : sameFor.filter(([name]) => differs(name)).map(([, reason]) => reason)),
    ...(runs.some(({ state }) => state === "RUNNING")
      ? ["Some still compute, so that they have not come equally far."]
      : []),
  ];
}
