import type { FixedLayersRef } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { parseCount } from "./settings.ts";

/** Options that say which layers of a model stay. */
export const layersOptions = { keep: { type: "string" }, drop: { type: "string" } } as const;

interface Values {
  keep?: string | undefined;
  drop?: string | undefined;
}

/**
 * `--keep 24` keeps so many layers, `--keep 0-9,20` those with these numbers; `--drop 30%` drops this share of them from the top.
 * Undefined where neither is given.
 */
export function parseLayers({ keep, drop }: Values): FixedLayersRef | undefined {
  if (keep !== undefined && drop !== undefined) throw new UsageError("give --keep or --drop, not both");
  if (drop !== undefined) return { dropPercent: parsePercent(drop) };
  return keep === undefined ? undefined : parseKeep(keep);
}

function parseKeep(text: string): FixedLayersRef {
  if (text === "small" || text === "large")
    throw new UsageError(
      `\`${text}\` is what a search picks: \`espalier l3prune DIR --triplets FILE --keep ${text} --out OUT\``,
    );
  if (text.endsWith("%"))
    throw new UsageError(
      `--keep takes a count or numbers of layers, not \`${text}\`; --drop 30% drops a share of them`,
    );
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text) || /^\d+$/.test(text)) return parseCount("keep", text)!;
  const keep = text.split(",").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number) as [number, number?];
    if (to < from || to > 9_999) throw new UsageError(`--keep: \`${part}\` is no range of layers`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return { keep };
}

function parsePercent(text: string): number {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent === undefined)
    throw new UsageError(`--drop must be a share such as 30%, not \`${text}\`; --keep takes a count`);
  return Number(percent);
}
