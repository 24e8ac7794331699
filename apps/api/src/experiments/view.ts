import type { Experiment, Model } from "@espalier/contract";
import type { ExperimentRecord, Store } from "@espalier/store";
import { report } from "./report.ts";

/** An experiment with what its runs have found so far. */
export async function viewOf(store: Store, teamId: string, record: ExperimentRecord): Promise<Experiment> {
  const { id, name, spec, runs, createdAt } = record;
  const modelIds = new Set([spec.modelId]);
  for (const { kind, result } of runs)
    if (kind === "prune" && result && "modelId" in result) modelIds.add(result.modelId);
  const models = new Map<string, Model>();
  for (const modelId of modelIds) models.set(modelId, await store.models.get(teamId, modelId));
  return { id, name, spec, createdAt, runIds: runs.map((run) => run.id), ...report(runs, models) };
}
