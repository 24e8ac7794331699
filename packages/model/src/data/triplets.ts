import type { Triplet } from "@espalier/contract";
import { text, type Row } from "./columns.ts";
import { refuse } from "./reading.ts";
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
  const [query] = row.values.get("query") ?? [];
  if (query === undefined) row.missing("query");
  const anchor = text(row, query.value, row.at(query.name));
  const positives = texts(row, "positive");
  if (positives.length === 0) {
    const [empty] = row.values.get("positive") ?? [];
    if (empty === undefined) row.missing("positive");
    refuse(row, "there is no positive", row.at("positive"));
  }
  const negatives = texts(row, "negatives");
  const instruction = optional(row, "instruction");
  const task = optional(row, "task");
  const rest = {
    ...(instruction === undefined ? {} : { instruction }),
    ...(task === undefined ? {} : { task }),
  };
  return positives.map((positive) => ({ query: anchor, positive, negatives, ...rest }));
}

function texts(row: Row, meaning: "positive" | "negatives"): string[] {
  const found: string[] = [];
  for (const { name, value } of row.values.get(meaning) ?? []) {
    if (Array.isArray(value)) {
      for (const [i, item] of (value as unknown[]).entries())
        if (item !== null && item !== undefined) found.push(text(row, item, row.at(name, i)));
    } else if (value !== "" || meaning !== "negatives" || !row.delimited)
      found.push(text(row, value, row.at(name)));
  }
  return found;
}

/** A text, or nothing where the field is absent, null or empty. */
function optional(row: Row, meaning: "instruction" | "task"): string | undefined {
  const [found] = row.values.get(meaning) ?? [];
  if (found === undefined || found.value === "") return undefined;
  return text(row, found.value, row.at(found.name));
}
