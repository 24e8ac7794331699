import { countLayers, type KeptLayers, type SearchResult } from "@espalier/contract";

/** The two picks of a search; null where nothing could be picked. */
export interface Picks {
  readonly small: KeptLayers | null;
  readonly large: KeptLayers | null;
}

/** How a result tells its picks: by their number, and which they are where they are not the first layers. */
export function toldPicks({ small, large }: Picks): Pick<SearchResult, "small" | "large" | "keep"> {
  const list = (kept: KeptLayers | null) => (kept === null || typeof kept === "number" ? null : [...kept]);
  const keep = { small: list(small), large: list(large) };
  return {
    small: small && countLayers(small),
    large: large && countLayers(large),
    ...((keep.small ?? keep.large) !== null && { keep }),
  };
}

/** Numbers of a model's layers but for those that are out. */
export const allBut = (depth: number, out: Iterable<number>): number[] => {
  const gone = new Set(out);
  return Array.from({ length: depth }, (_, layer) => layer).filter((layer) => !gone.has(layer));
};
