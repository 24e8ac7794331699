import { keptLayers } from "@espalier/contract";
import { findAdapter, folderEncoding, openCheckpoint, onBase, type Checkpoint } from "@espalier/model";
import type { CheckpointSize, OutcomeOf, PruneFolderJob } from "@espalier/contract/compute";
import type { Computation } from "./computation.ts";
import { openChecked } from "./open.ts";
import { writePruned } from "./write-pruned.ts";

/** Writes some layers of a folder, its adapter merged into them where it holds one. */
export async function pruneFolder(
  job: PruneFolderJob,
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"prune-folder">> {
  const { checkpoint, told } = await openChecked(job.model, report);
  await checkpoint.close();
  const adapter = await findAdapter(job.model);
  const { config } = checkpoint;
  const kept = adapter
    ? onBase(adapter, config, job.layers)
    : { layers: keptLayers(job.layers, config.layers), adapter };
  // A folder that was trained in both directions without its config saying so is written with a config that does.
  const { attention } = await folderEncoding(job.model, {});
  const onBytes = (done: number, total: number) =>
    report.progress({ phase: "prune", done, total, unit: "bytes" });
  const { layers } = kept;
  await writePruned(job.model, job.output, { layers, attention, onBytes }, kept.adapter, job.vocabularyOf);
  const written = await openCheckpoint(job.output);
  await written.close();
  const [before, after] = [sizeOf(checkpoint), sizeOf(written)];
  return { kind: "prune-folder", before, after, mergedAdapter: adapter !== undefined, ...told };
}

const sizeOf = ({ config, parameters, bytes }: Checkpoint): CheckpointSize => ({
  layers: config.layers,
  parameters,
  bytes,
});
