import type { Encoding, FixedLayersRef, Mode, SearchResult, SearchSettings } from "@espalier/contract";

/** What the compute process of `apps/compute/src/offline` is asked to do with a folder. */
export interface Jobs {
  prune: { model: string; layers: FixedLayersRef; output: string };
  search: { model: string; triplets: string; mode: Mode; encoding: Encoding; settings: SearchSettings };
  embed: {
    model: string;
    layers?: FixedLayersRef;
    encoding: Encoding;
    instruction?: string;
    normalize: boolean;
    /** Absent: they come as lines. */
    texts?: string[];
    format: VectorFormat;
  };
}

/** What it has found out. */
export interface Outcomes {
  prune: { before: Size; after: Size; mergedAdapter: boolean };
  search: { result: SearchResult };
  embed: { texts: number; width: number; tokens: number; seconds: number };
}

export interface Size {
  layers: number;
  parameters: number;
  bytes: number;
}

export const vectorFormats = ["json", "npy", "f32"] as const;
export type VectorFormat = (typeof vectorFormats)[number];
