import { architectureOf, openModelFolder, refuseNonFinite } from "@espalier/encoder/checkpoint";
import type { ImportJob, Outcome } from "../protocol.ts";
import type { Computation } from "./computation.ts";

/** Reads a model folder as nobody has vouched for it: headers, config, tokenizer, and every weight for NaN and infinity. */
export async function importModel(job: ImportJob, { report }: Pick<Computation, "report">): Promise<Outcome> {
  report.progress({ phase: "check", done: 0, total: 2, unit: "checks" });
  const checkpoint = await openModelFolder(job.model);
  try {
    report.progress({ phase: "check", done: 1, total: 2, unit: "checks" });
    await refuseNonFinite(checkpoint);
    report.progress({ phase: "check", done: 2, total: 2, unit: "checks" });
    return { kind: "import", architecture: architectureOf(checkpoint) };
  } finally {
    await checkpoint.close();
  }
}
