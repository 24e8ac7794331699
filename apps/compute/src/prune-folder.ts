import { keptLayers } from "@espalier/contract";
import { findAdapter, openCheckpoint, openModel, saveLayers, type Checkpoint } from "@espalier/model";
import type { CheckpointSize, OutcomeOf, PruneFolderJob } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";

/** Writes some layers of a folder, its adapter merged into them where it holds one. */
export async function pruneFolder(
  job: PruneFolderJob,
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"prune-folder">> {
  report.progress({ phase: "prune", done: 0, total: 1, unit: "models" });
  const before = await sizeOf(openModel(job.model));
  const adapter = await findAdapter(job.model);
  const layers = keptLayers(job.layers, before.layers);
  await saveLayers(job.model, job.output, { layers }, adapter);
  report.progress({ phase: "prune", done: 1, total: 1, unit: "models" });
  const after = await sizeOf(openCheckpoint(job.output));
  return { kind: "prune-folder", before, after, mergedAdapter: adapter !== undefined };
}

async function sizeOf(opening: Promise<Checkpoint>): Promise<CheckpointSize> {
  const checkpoint = await opening;
  await checkpoint.close();
  const { config, parameters, bytes } = checkpoint;
  return { layers: config.layers, parameters, bytes };
}
