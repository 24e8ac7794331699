import type { Pooling } from "@espalier/contract";
import type { Tensor } from "@espalier/tensor";
import { rotaryTables } from "./blocks/rotary-tables.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { poolingWeights } from "./pooling.ts";
import type { TokenizedText } from "@espalier/model/tokenizer";

/** Added to the scores of padding; far beyond any score, and finite together with a mask. */
const hidden = -1e30;

/** What {@link textEncoder} is fed for some texts, padded on the right to the longest. */
export function textFeeds(
  { config, embedding }: Pick<LoadedModel, "config" | "embedding">,
  texts: readonly TokenizedText[],
  pooling: Pooling,
): Record<string, Tensor> {
  const { width } = embedding;
  const batch = texts.length;
  const time = Math.max(...texts.map(({ ids }) => ids.length));
  const rows = new Float32Array(batch * time * width);
  for (const [row, { ids }] of texts.entries()) embedding.gather(ids, rows.subarray(row * time * width));
  return {
    embeddings: { dtype: "f32", shape: [batch, time, width], data: rows },
    pooling: {
      dtype: "f32",
      shape: [batch, time],
      data: poolingWeights(pooling, texts, time),
    },
    ...(config.direction === "bidirectional" && { padding: paddingOf(texts, time) }),
    ...rotaryTables(config, time),
  };
}

function paddingOf(texts: readonly TokenizedText[], time: number): Tensor {
  const data = new Float32Array(texts.length * time);
  for (const [row, { ids }] of texts.entries()) data.fill(hidden, row * time + ids.length, (row + 1) * time);
  return { dtype: "f32", shape: [texts.length, time], data };
}
