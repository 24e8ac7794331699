import { resolveSearchSettings, type Mode, type SearchResult, type SearchSettings } from "@espalier/contract";
import type { JobOf } from "@espalier/contract/compute";
import type { Context } from "../command.ts";
import { parseMode } from "../arguments/mode.ts";
import { given, parseCount, parseNumber } from "../arguments/settings.ts";
import { reportCurve } from "../tables/experiment-report.ts";
import { computeWithBars } from "./compute-with-bars.ts";

/** Options of a search. */
export const searchOptions = {
  batches: { type: "string" },
  batch: { type: "string" },
  scale: { type: "string" },
  sampling: { type: "string" },
  seed: { type: "string" },
  mode: { type: "string" },
} as const;

export const searchHelp = [
  "--batches N         default 100; --batch N their size, default 64",
  "--scale S           of the cosines; default 50, that of the training",
  "--sampling S        by-task (default), shuffled or in-order; --seed N, default 42",
  "--mode reference    as l3prune's code does it: shuffled, scale 20",
] as const;

/** @throws {Problem} `request/invalid` for a setting that cannot be, with its field */
export function parseSearch(values: { [Name in keyof typeof searchOptions]?: string | undefined }): {
  mode: Mode;
  settings: SearchSettings;
} {
  const mode = parseMode(values.mode);
  const settings = given({
    batches: parseCount("batches", values.batches),
    batchSize: parseCount("batch", values.batch),
    scale: parseNumber("scale", values.scale),
    sampling: values.sampling,
    seed: parseCount("seed", values.seed),
  }) as SearchSettings;
  resolveSearchSettings(settings, mode);
  return { mode, settings };
}

/** Warnings of the result are left to whoever shows it; what else is remarked is told when the search ends. */
export async function search(
  { output, ...context }: Context,
  job: Omit<JobOf<"search">, "kind" | "engine" | "threads">,
): Promise<SearchResult> {
  const remarks = new Set<string>();
  const warn = (message: string) => void remarks.add(message);
  try {
    const { result } = await computeWithBars({ ...context, output: { ...output, warn } }, "search", job);
    for (const warning of result.warnings) remarks.delete(warning);
    return result;
  } finally {
    for (const remark of remarks) output.warn(remark);
  }
}

/** The curve with its picks, and how sure they are. */
export function printSearch({ output }: Context, search: SearchResult): void {
  const { lossByLayer, standardErrorByLayer } = search;
  for (const line of reportCurve(search, Math.min(100, output.columns()))) output.print(line);
  for (const pick of ["small", "large"] as const) {
    const layers = search[pick];
    if (layers === null) continue;
    const [loss, error] = [lossByLayer[layers - 1], standardErrorByLayer[layers - 1]];
    output.print(
      `${pick}: ${layers} of ${lossByLayer.length} layers, loss ${loss?.toFixed(4)}, standard error ${error?.toFixed(4)}`,
    );
  }
}
