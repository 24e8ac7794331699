import type { RunKind, Series as Ranges, SeriesAnswer } from "@espalier/contract";
import { get } from "../api/request.ts";

/** What runs of each kind measure again and again, as their compute process names it. */
const measured = {
  import: [],
  prune: [],
  search: ["layer_loss", "tokens_per_second"],
  train: ["loss", "learning_rate", "gradient_norm", "mean_cosine", "tokens_per_second"],
  evaluate: [],
  export: [],
} as const satisfies Record<RunKind, readonly string[]>;

/** What a run measured under one name, in the order of steps, with as many points as a chart has room for. */
export interface Series {
  runId: string;
  name: string;
  /** Steps. */
  x: readonly number[];
  y: readonly (number | null)[];
  /** When each was measured, in milliseconds since 1970. */
  at: readonly number[];
  /** It does not count any more: a later attempt went on from before it. */
  discarded: boolean;
}

/** Ranges of steps that a series has about. */
const points = 600;

/** What runs of some kinds measured; `discarded` also in vain. */
export async function readSeries(
  runs: readonly { id: string; kind: RunKind }[],
  discarded: boolean,
  signal?: AbortSignal,
): Promise<Series[]> {
  const name = [...new Set(runs.flatMap(({ kind }) => measured[kind]))];
  if (name.length === 0) return [];
  const query = { runId: runs.map(({ id }) => id), name, points, ...(discarded && { discarded }) };
  const { items } = await get<SeriesAnswer>("series", query, signal);
  return items.map(({ runId, name: each, step, mean, at, discarded: vain }: Ranges) => ({
    runId,
    name: each,
    x: step,
    y: mean,
    at,
    discarded: vain === true,
  }));
}
