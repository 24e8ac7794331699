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
  await writePruned(job, checkpoint.config, (done, total) =>
    report.progress({ phase: "truncate", done, total, unit: "bytes" }),
  );
  return { kind: "prune", architecture: await readArchitecture(job.output), ...told };
}
