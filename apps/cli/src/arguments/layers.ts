import type { FixedLayersRef } from "@espalier/contract";
import { UsageError } from "../command.ts";
import { parseCount } from "./settings.ts";

/** `24` keeps so many layers; `30%` drops this share of them from the top; `0-9,20` keeps those with these numbers. */
export function parseLayers(text: string): FixedLayersRef {
  if (text === "small" || text === "large")
    throw new UsageError(
      `\`${text}\` is what a search picks: \`espalier l3prune DIR --triplets FILE --keep ${text} --out OUT\``,
    );
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  if (percent !== undefined) return { dropPercent: Number(percent) };
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text) || /^\d+$/.test(text)) return parseCount("layers", text)!;
  const keep = text.split(",").flatMap((part) => {
    const [from, to = from] = part.split("-").map(Number) as [number, number?];
    if (to < from || to > 9_999) throw new UsageError(`--layers: \`${part}\` is no range of layers`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return { keep };
}
