import { mergeAdapter, readAdapter, type LoraAdapter } from "@espalier/encoder/checkpoint";
import type { ExportJob, Outcome } from "../protocol.ts";
import { readArchitecture } from "./architecture.ts";
import type { Computation } from "./computation.ts";

const noAdapter: LoraAdapter = { rank: 1, alpha: 1, pairs: new Map() };

/** Writes a self-contained encoder: the base with its adapter merged into it, where it has one. */
export async function exportModel(job: ExportJob, { report }: Pick<Computation, "report">): Promise<Outcome> {
  report.progress({ phase: "merge", done: 0, total: 1, unit: "models" });
  await mergeAdapter(job.model, job.adapter ? await readAdapter(job.model) : noAdapter, job.output);
  report.progress({ phase: "merge", done: 1, total: 1, unit: "models" });
  return { kind: "export", architecture: await readArchitecture(job.output) };
}
