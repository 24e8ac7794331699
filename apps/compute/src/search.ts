import { l3prune } from "@espalier/encoder";
import type { OutcomeOf, SearchJob } from "@espalier/contract/compute";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { triplets } from "./dataset.ts";
import { openEncoder } from "./open.ts";

/** Finds the depths worth keeping (L3Prune). `layer_loss` is a curve over depths: its step is the number of layers. */
export async function search(
  job: SearchJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"search">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { settings, mode, modelName, encoding, chunkTokens } = job;
  const options = { mode, modelName, chunkTokens, encoding };
  const { encoder, told } = await openEncoder(job.model, options, { engine, report });
  const rows = await triplets(job.triplets);
  const started = performance.now();
  const result = await l3prune(encoder, rows, {
    settings,
    mode,
    signal,
    report({ batch, batches, tokens }) {
      report.progress({ phase: "search", done: batch, total: batches, unit: "batches" });
      report.metrics(batch, { tokens_per_second: (tokens / (performance.now() - started)) * 1000 });
    },
  });
  for (const [i, loss] of result.lossByLayer.entries())
    report.metrics(i + 1, { layer_loss: loss ?? Number.NaN });
  for (const warning of result.warnings) report.log("warn", warning);
  report.metrics(0, { peak_memory_bytes: peakMemoryBytes() });
  return { kind: "search", result: { ...told, ...result } };
}
