import type { DatasetKind, TaskRowOf, TaskType, TextRow, Triplet } from "@espalier/contract";
import type { Bytes } from "./opened.ts";
import type { ReadOptions } from "./rows.ts";
import { readStsPairs } from "./sts-pairs.ts";
import { readTexts } from "./texts.ts";
import { readRetrieval } from "./retrieval-rows.ts";
import {
  readBitext,
  readClustering,
  readLabelledPairs,
  readLabelledTexts,
  readReranking,
} from "./task-readers.ts";
import { readTriplets } from "./triplets.ts";

type RowOf = { triplets: Triplet; texts: TextRow } & TaskRowOf;
type Rows = AsyncIterable<RowOf[DatasetKind]>;

const readers: {
  readonly [Kind in DatasetKind]: (bytes: Bytes, options: ReadOptions) => AsyncIterable<RowOf[Kind]>;
} = {
  triplets: readTriplets,
  texts: readTexts,
  sts: readStsPairs,
  retrieval: readRetrieval,
  reranking: readReranking,
  classification: readLabelledTexts,
  clustering: readClustering,
  "pair-classification": readLabelledPairs,
  "bitext-mining": readBitext,
};

/** The rows of a registered dataset of a task. */
export const readTaskRows = <K extends TaskType>(type: K, bytes: Bytes): AsyncIterable<TaskRowOf[K]> =>
  (readers[type] as (bytes: Bytes, options: ReadOptions) => AsyncIterable<TaskRowOf[K]>)(bytes, {
    format: "jsonl",
  });

/**
 * The rows of a dataset's file, as the service reads one that is registered.
 * @throws {Problem} `request/invalid` for options that the kind does not have; while rows are taken, `dataset/malformed`
 */
export const readDataset = (kind: DatasetKind, bytes: Bytes, options: ReadOptions = {}): Rows =>
  readers[kind](bytes, options);
