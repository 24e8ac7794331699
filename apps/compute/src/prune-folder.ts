import { openCheckpoint, type Checkpoint } from "@espalier/model";
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
  const mergedAdapter = await writePruned(job, checkpoint.config, (done, total) =>
    report.progress({ phase: "prune", done, total, unit: "bytes" }),
  );
  const written = await openCheckpoint(job.output);
  await written.close();
  const [before, after] = [sizeOf(checkpoint), sizeOf(written)];
  return { kind: "prune-folder", before, after, mergedAdapter, ...told };
}

const sizeOf = ({ config, parameters, bytes }: Checkpoint): CheckpointSize => ({
  layers: config.layers,
  parameters,
  bytes,
});
