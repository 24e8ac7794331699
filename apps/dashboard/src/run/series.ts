import type { Metric, Page } from "@espalier/contract";
import { get } from "../api/request.ts";

/** Points of one name, in the order of their steps. */
export interface Series {
  name: string;
  x: number[];
  y: (number | null)[];
}

/** Pages of points that are read at most: a chart has no more pixels than so many points. */
const mostPages = 10;

/** What a run measured, by name. */
export async function readSeries(runId: string, discarded: boolean, signal?: AbortSignal): Promise<Series[]> {
  const series = new Map<string, Series>();
  let cursor: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const read: Page<Metric> = await get(
      `runs/${runId}/metrics`,
      { limit: 200, ...(discarded && { discarded }), ...(cursor !== undefined && { cursor }) },
      signal,
    );
    for (const { name, step, value } of read.items) {
      const one = series.get(name) ?? { name, x: [], y: [] };
      series.set(name, one);
      one.x.push(step);
      one.y.push(value);
    }
    ({ cursor } = read);
    if (cursor === undefined) break;
  }
  return [...series.values()];
}
