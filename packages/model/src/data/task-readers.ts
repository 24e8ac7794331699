import type { BitextPair, ClusteringRow, LabelledPair, LabelledText, RerankingRow } from "@espalier/contract";
import { text } from "./columns.ts";
import type { Bytes } from "./opened.ts";
import { refuse } from "./reading.ts";
import { labelOf, needed, neededText, optionalText, textList, unzipped } from "./row-values.ts";
import { readRows, type ReadOptions } from "./rows.ts";

/*
 * The rows of evaluation tasks: JSON lines or an array, Parquet, CSV or TSV, with the names of columns that mteb's datasets have. Texts are
 * kept as they are. All throw a Problem: `dataset/malformed` with line and field, or `dataset/empty`.
 */

/** A query with those that answer it and those that do not, each one text or a list. */
export async function* readReranking(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<RerankingRow> {
  yield* readRows(bytes, "reranking", options, (row) => {
    const query = neededText(row, "query");
    const [positives, negatives] = [textList(row, "positives"), textList(row, "negatives")];
    if (positives.length === 0) refuse(row, "there is no positive", row.at("positive"));
    if (negatives.length === 0) refuse(row, "there is no negative", row.at("negative"));
    return [{ query, positives, negatives }];
  });
}

/** A text, its label, and perhaps its split: `train`, or `test` and its like. */
export async function* readLabelledTexts(
  bytes: Bytes,
  options: ReadOptions = {},
): AsyncGenerator<LabelledText> {
  yield* readRows(bytes, "classification", options, (row) => {
    const label = needed(row, "label");
    const split = optionalText(row, "split");
    if (split !== undefined && !splits.has(split))
      refuse(
        row,
        `the split ${JSON.stringify(split.slice(0, 40))} is none of ${[...splits.keys()].join(", ")}`,
        row.at("split"),
      );
    return [
      {
        text: neededText(row, "text"),
        label: labelOf(row, label.value, row.at(label.name)),
        ...(split === undefined ? {} : { split: splits.get(split)! }),
      },
    ];
  });
}
const splits = new Map<string, "train" | "test">([
  ["train", "train"],
  ["test", "test"],
  ["validation", "test"],
  ["dev", "test"],
]);

/** A text, its label and perhaps its set; or lists of texts and labels, of which each row is a set. */
export async function* readClustering(
  bytes: Bytes,
  options: ReadOptions = {},
): AsyncGenerator<ClusteringRow> {
  yield* readRows(bytes, "clustering", options, (row) => {
    const set = row.values.get("set")?.[0];
    const isList = Array.isArray(needed(row, "text").value);
    const named = set === undefined ? undefined : labelOf(row, set.value, row.at(set.name));
    const name = named ?? (isList ? `${row.number}` : undefined);
    return [...unzipped(row, ["text", "label"])].map((each) => ({
      text: text(row, each.text.value, each.text.at),
      label: labelOf(row, each.label.value, each.label.at),
      ...(name === undefined ? {} : { set: name }),
    }));
  });
}

/** Two sentences and whether they belong together, or lists of them. */
export async function* readLabelledPairs(
  bytes: Bytes,
  options: ReadOptions = {},
): AsyncGenerator<LabelledPair> {
  yield* readRows(bytes, "pair-classification", options, (row) =>
    [...unzipped(row, ["sentence1", "sentence2", "label"])].map((each) => {
      const label = labelOf(row, each.label.value, each.label.at);
      if (label !== "0" && label !== "1")
        refuse(row, `the label ${JSON.stringify(label.slice(0, 40))} is neither 0 nor 1`, each.label.at);
      return {
        sentence1: text(row, each.sentence1.value, each.sentence1.at),
        sentence2: text(row, each.sentence2.value, each.sentence2.at),
        label: Number(label),
      };
    }),
  );
}

/** A sentence and its translation. */
export async function* readBitext(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<BitextPair> {
  yield* readRows(bytes, "bitext-mining", options, (row) => [
    { sentence1: neededText(row, "sentence1"), sentence2: neededText(row, "sentence2") },
  ]);
}
