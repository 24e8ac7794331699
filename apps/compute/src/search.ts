import { firstOnAxis, resolveSearchSettings, type SearchResult } from "@espalier/contract";
import { findLayers, type Encoder } from "@espalier/encoder";
import type { OutcomeOf, SearchJob } from "@espalier/contract/compute";
import { computedOn } from "./computed-on.ts";
import { peakMemoryBytes, type Computation } from "./computation.ts";
import { textsAsTriplets, triplets } from "./dataset.ts";
import { searchByEvaluation } from "./evaluation-rule.ts";
import { openEncoder } from "./open.ts";

/** The metrics of a rule's curve, whose step is a place on its axis. */
const metricOfAxis = {
  depth: "depth_score",
  layer: "layer_score",
  "first-dropped": "drop_score",
  removed: "removal_score",
} as const;

/**
 * Finds the layers worth keeping by the rule of the settings. `layer_loss` is L3Prune's curve over depths: its step is the number of
 * layers.
 */
export async function search(
  job: SearchJob,
  { engine, signal, report }: Computation,
): Promise<OutcomeOf<"search">> {
  report.progress({ phase: "load", done: 0, total: 1, unit: "models" });
  const { mode, modelName, encoding, chunkTokens } = job;
  const options = { mode, modelName, chunkTokens, encoding };
  const { encoder, told } = await openEncoder(job.model, options, { engine, report });
  const result = await find(job, encoder, { signal, report });
  for (const [i, loss] of result.lossByLayer.entries())
    report.metrics(i + 1, { layer_loss: loss ?? Number.NaN });
  for (const { axis, pick, values } of result.curves ?? []) {
    const name = pick === undefined ? metricOfAxis[axis] : `${metricOfAxis[axis]}_${pick}`;
    for (const [i, value] of values.entries())
      report.metrics(i + firstOnAxis[axis], { [name]: value ?? Number.NaN });
  }
  for (const warning of result.warnings) report.log("warn", warning);
  report.metrics(0, { peak_memory_bytes: peakMemoryBytes() });
  return { kind: "search", result: { ...told, ...computedOn(job), ...result } };
}

async function find(
  job: SearchJob,
  encoder: Encoder,
  computation: Pick<Computation, "signal" | "report">,
): Promise<SearchResult> {
  const { settings, mode, dataset } = job;
  if (resolveSearchSettings(settings, mode).rule === "evaluation")
    return searchByEvaluation(job, encoder, computation);
  const { signal, report } = computation;
  const read = dataset?.kind === "texts" ? textsAsTriplets : triplets;
  const rows = dataset === undefined ? [] : await read(dataset.path);
  const started = performance.now();
  return findLayers(encoder, rows, {
    settings,
    mode,
    signal,
    report({ batch, batches, tokens }) {
      report.progress({ phase: "search", done: batch, total: batches, unit: "batches" });
      report.metrics(batch, { tokens_per_second: (tokens / (performance.now() - started)) * 1000 });
    },
  });
}
