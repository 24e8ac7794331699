import type { Tensor } from "@espalier/tensor";
import { document } from "./language/corpus.ts";
import type { Random } from "./random.ts";

/** Feeds of one step of pretraining: `ids` [batch, time], `labels` and `mask` [batch·time]. */
export type LanguageModelFeeds = Readonly<Record<"ids" | "labels" | "mask", Tensor>>;

/**
 * A batch of rows that are full of documents, one after another; each row begins with a document and cuts off the
 * last one. No position is padding.
 */
export function packedBatch(
  rng: Random,
  encode: (text: string) => readonly number[],
  batch: number,
  time: number,
): LanguageModelFeeds {
  const ids = new Int32Array(batch * time);
  const labels = new Int32Array(batch * time);
  for (let row = 0; row < batch; row++) {
    const tokens: number[] = [];
    while (tokens.length <= time) tokens.push(...encode(document(rng)));
    ids.set(tokens.slice(0, time), row * time);
    labels.set(tokens.slice(1, time + 1), row * time);
  }
  const flat = [batch * time];
  return {
    ids: { dtype: "i32", shape: [batch, time], data: ids },
    labels: { dtype: "i32", shape: flat, data: labels },
    mask: { dtype: "f32", shape: flat, data: new Float32Array(batch * time).fill(1) },
  };
}
