import type { Triplet } from "@espalier/contract";
import type { Row } from "./columns.ts";
import { refuse } from "./reading.ts";
import { neededText, optionalText, textList } from "./row-values.ts";
import { readRows, type ReadOptions } from "./rows.ts";
import type { Bytes } from "./opened.ts";

/**
 * Reads training triplets: JSON lines or an array of `{query, positive, negatives, instruction?, task?}`, Parquet, CSV or TSV.
 * `anchor`, `pos`, `negative`, `neg`, `negative_1` … and `prompt` are understood too; positives and negatives may be one text
 * or a list. A row with several positives gives one triplet for each. Texts are kept as they are.
 * @throws {Problem} `dataset/malformed` with line and field, or `dataset/empty`
 */
export async function* readTriplets(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<Triplet> {
  yield* readRows(bytes, "triplets", options, tripletsOf);
}

function tripletsOf(row: Row): Triplet[] {
  const anchor = neededText(row, "query");
  const positives = textList(row, "positive");
  if (positives.length === 0) {
    const [empty] = row.values.get("positive") ?? [];
    if (empty === undefined) row.missing("positive");
    refuse(row, "there is no positive", row.at("positive"));
  }
  const negatives = textList(row, "negatives");
  const instruction = optionalText(row, "instruction");
  const task = optionalText(row, "task");
  const rest = {
    ...(instruction === undefined ? {} : { instruction }),
    ...(task === undefined ? {} : { task }),
  };
  return positives.map((positive) => ({ query: anchor, positive, negatives, ...rest }));
}
