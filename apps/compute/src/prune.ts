import { findAdapter, folderEncoding, onBase } from "@espalier/model";
import type { OutcomeOf, PruneJob } from "@espalier/contract/compute";
import { readArchitecture } from "./architecture.ts";
import type { Computation } from "./computation.ts";
import { openChecked } from "./open.ts";
import { writePruned } from "./write-pruned.ts";

/** Writes the checkpoint with the layers that are kept, an adapter of them merged into them. */
export async function pruneModel(
  job: PruneJob,
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"prune">> {
  const { checkpoint, told } = await openChecked(job.model, report);
  await checkpoint.close();
  const adapter = await findAdapter(job.model);
  const kept = adapter ? onBase(adapter, checkpoint.config, job.layers) : { layers: job.layers, adapter };
  const { attention } = await folderEncoding(job.model, {});
  const onBytes = (done: number, total: number) =>
    report.progress({ phase: "truncate", done, total, unit: "bytes" });
  const { layers } = kept;
  await writePruned(job.model, job.output, { layers, attention, onBytes }, kept.adapter, job.vocabularyOf);
  return { kind: "prune", architecture: await readArchitecture(job.output), ...told };
}
