import {
  firstOnAxis,
  type KeptLayers,
  type PickStability,
  type RuleCurve,
  type SearchResult,
} from "@espalier/contract";
import { formatPlot } from "../terminal/plot.ts";

const titles: { readonly [K in RuleCurve["axis"]]: string } = {
  depth: "layers kept",
  layer: "layer",
  "first-dropped": "first layer of the dropped run",
  removed: "layers removed",
};

/** What a search went by that computes no loss at depths: its rule and its curves. */
export function ruleLines(
  { rule = "l3prune", curves = [], samples, seed }: SearchResult,
  width: number,
): string[] {
  const title = `By the rule ${rule} (${samples} samples, seed ${seed})`;
  return [
    title,
    ...curves.flatMap(({ name, axis, pick, values }) => [
      `${name}${pick === undefined ? "" : `, of ${pick}`}`,
      ...formatPlot({
        values,
        first: firstOnAxis[axis],
        xTitle: titles[axis],
        columns: width,
      }),
    ]),
  ];
}

/** How sure a pick is, as it can be said; nothing of a rule that draws no samples. */
export function surenessLine(name: string, stability: PickStability | null | undefined): string[] {
  if (!stability) return [];
  const { share, others, samplesFor95 } = stability;
  const instead = others.map((other) => `${formatLayers(other.layers)} (${percent(other.share)})`);
  const enough =
    samplesFor95 === null
      ? "more samples than could be tried make it 95 % sure"
      : `about ${samplesFor95.toLocaleString("en")} samples make it 95 % sure`;
  return [
    `${name}: ${percent(share)} of resamples pick the same${instead.length > 0 ? `, others ${instead.join("; ")}` : ""}; ${enough}`,
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

/** `0-5,8` for a list of layers, the number for the first so many. */
export function formatLayers(kept: KeptLayers): string {
  if (typeof kept === "number") return String(kept);
  const runs: [number, number][] = [];
  for (const layer of kept) {
    const last = runs.at(-1);
    if (last?.[1] === layer - 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(",");
}
