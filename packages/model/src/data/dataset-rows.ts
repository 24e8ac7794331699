import type { DatasetKind, StsPair, TextRow, Triplet } from "@espalier/contract";
import type { Bytes } from "./opened.ts";
import type { ReadOptions } from "./rows.ts";
import { readStsPairs } from "./sts-pairs.ts";
import { readTexts } from "./texts.ts";
import { readTriplets } from "./triplets.ts";

type Rows = AsyncIterable<StsPair> | AsyncIterable<TextRow> | AsyncIterable<Triplet>;

const readers: { readonly [Kind in DatasetKind]: (bytes: Bytes, options: ReadOptions) => Rows } = {
  triplets: readTriplets,
  sts: readStsPairs,
  texts: readTexts,
};

/**
 * The rows of a dataset's file, as the service reads one that is registered.
 * @throws {Problem} `request/invalid` for options that the kind does not have; while rows are taken, `dataset/malformed`
 */
export const readDataset = (kind: DatasetKind, bytes: Bytes, options: ReadOptions = {}): Rows =>
  readers[kind](bytes, options);
