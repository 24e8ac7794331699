import { UsageError } from "../command.ts";
import { parseCount } from "../commands/settings.ts";
import type { Depth } from "./jobs.ts";

/** `24` keeps so many layers; `30%` drops this share of them from the top. */
export function parseDepth(text: string): Depth {
  if (text === "small" || text === "large")
    throw new UsageError(
      `\`${text}\` is what a search picks: \`espalier l3prune DIR --triplets FILE --keep ${text} --out OUT\``,
    );
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  return percent === undefined ? parseCount("layers", text)! : { dropPercent: Number(percent) };
}
