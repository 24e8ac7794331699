import { keptLayers } from "@espalier/contract";
import { findAdapter, openCheckpoint, onBase, openModel, saveLayers, type Checkpoint } from "@espalier/model";
import type { CheckpointSize, OutcomeOf, PruneFolderJob } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";

/** Writes some layers of a folder, its adapter merged into them where it holds one. */
export async function pruneFolder(
  job: PruneFolderJob,
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"prune-folder">> {
  report.progress({ phase: "prune", done: 0, total: 1, unit: "models" });
  const checkpoint = await openModel(job.model);
  for (const remark of checkpoint.remarks) report.log("warn", remark);
  await checkpoint.close();
  const adapter = await findAdapter(job.model);
  const { config } = checkpoint;
  const kept = adapter
    ? onBase(adapter, config, job.layers)
    : { layers: keptLayers(job.layers, config.layers), adapter };
  await saveLayers(job.model, job.output, { layers: kept.layers }, kept.adapter);
  report.progress({ phase: "prune", done: 1, total: 1, unit: "models" });
  const written = await openCheckpoint(job.output);
  await written.close();
  const [before, after] = [sizeOf(checkpoint), sizeOf(written)];
  return { kind: "prune-folder", before, after, mergedAdapter: adapter !== undefined };
}

const sizeOf = ({ config, parameters, bytes }: Checkpoint): CheckpointSize => ({
  layers: config.layers,
  parameters,
  bytes,
});
