import type { Depths } from "@espalier/contract";
import { UsageError } from "../command.ts";

/** `all`, or numbers of first layers such as `8,12,24`. */
export function parseDepths(text: string | undefined): Depths | undefined {
  if (text === undefined || text === "all") return text;
  const depths = text.split(",").map(Number);
  if (
    depths.every((depth) => Number.isInteger(depth) && depth >= 1) &&
    new Set(depths).size === depths.length
  )
    return depths;
  throw new UsageError(`--depths must be all or numbers of layers such as 8,12,24, not \`${text}\``);
}
