import { resolveSearchSettings, type Mode, type SearchResult, type SearchSettings } from "@espalier/contract";
import type { JobOf } from "@espalier/contract/compute";
import type { Context } from "../command.ts";
import { parseMode } from "../arguments/mode.ts";
import { parseSettings, settingsWithDefaults } from "../arguments/settings.ts";
import { reportCurve } from "../tables/experiment-report.ts";
import { formatLayers, surenessLine } from "../tables/rule-lines.ts";
import { computeWithBars } from "./compute-with-bars.ts";

/** Options of a search. */
export const searchOptions = {
  set: { type: "string", multiple: true },
  mode: { type: "string" },
} as const;

export const searchHelp = (): string[] => [
  "--set NAME=VALUE    a setting of a search, such as batches=20; repeat. Their defaults:",
  ...settingsWithDefaults(resolveSearchSettings()),
  "                    rule: l3prune, block-influence, angular-distance, sleb, or without triplets fixed, uniform, random;",
  "                    all but l3prune take sizes: small=74% and large=21% are dropped, small=8 keeps 8",
  "--mode reference    as l3prune's code does it: shuffled, scale 20",
];

/** @throws {Problem} `request/invalid` for a setting that cannot be, with its field */
export function parseSearch(values: { set?: string[] | undefined; mode?: string | undefined }): {
  mode: Mode;
  settings: SearchSettings;
} {
  const mode = parseMode(values.mode);
  const settings = parseSettings(values.set) as SearchSettings;
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
  const { lossByLayer, standardErrorByLayer, keep, stability } = search;
  for (const line of reportCurve(search, Math.min(100, output.columns()))) output.print(line);
  for (const pick of ["small", "large"] as const) {
    const layers = search[pick];
    if (layers === null) continue;
    const [loss, error] = [lossByLayer[layers - 1], standardErrorByLayer[layers - 1]];
    const named = keep?.[pick];
    output.print(
      loss === undefined
        ? `${pick}: ${layers} layers${named ? `, ${formatLayers(named)}` : ""}`
        : `${pick}: ${layers} of ${lossByLayer.length} layers, loss ${loss?.toFixed(4)}, standard error ${error?.toFixed(4)}`,
    );
    for (const line of surenessLine(pick, stability?.[pick])) output.print(line);
  }
}
