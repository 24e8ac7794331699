import { truncateCheckpoint } from "@espalier/model";
import type { OutcomeOf, PruneJob } from "@espalier/contract/compute";
import { readArchitecture } from "./architecture.ts";
import type { Computation } from "./computation.ts";
import { openChecked } from "./open.ts";

/** Writes the checkpoint with the layers that are kept. */
export async function pruneModel(
  job: PruneJob,
  { report }: Pick<Computation, "report">,
): Promise<OutcomeOf<"prune">> {
  const { checkpoint, told } = await openChecked(job.model, report);
  await checkpoint.close();
  await truncateCheckpoint(job.model, job.output, job.layers, {
    onBytes: (done, total) => report.progress({ phase: "truncate", done, total, unit: "bytes" }),
  });
  return { kind: "prune", architecture: await readArchitecture(job.output), ...told };
}
