import type { KeptLayers, SearchResult } from "@espalier/contract";

/** The layers that a search picked; undefined where it picked none. */
export function keptBy(
  { small, large, keep }: SearchResult,
  pick: "small" | "large",
): KeptLayers | undefined {
  return keep?.[pick] ?? (pick === "small" ? small : large) ?? undefined;
}

/** `0-5, 8` for a list of layers that rises. */
export function spell(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of layers) {
    const last = runs.at(-1);
    if (last?.[1] === layer - 1) last[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(", ");
}

/** How often the resamples of a search pick this depth, where it is the first so many layers; undefined: it was not measured. */
export function shareAt({ small, large, stability }: SearchResult, depth: number): number | undefined {
  if (!stability) return undefined;
  const shares = (["small", "large"] as const).map((pick) => {
    const of = stability[pick];
    if (!of) return 0;
    if ((pick === "small" ? small : large) === depth) return of.share;
    return of.others.find(({ layers }) => layers === depth)?.share ?? 0;
  });
  return Math.max(...shares);
}
