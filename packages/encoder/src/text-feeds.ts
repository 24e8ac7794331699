import type { Pooling } from "@espalier/contract";
import type { Tensor } from "@espalier/graph";
import { rotaryTables } from "./architectures/rotary-tables.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { poolingWeights } from "./pooling.ts";
import type { TokenizedText } from "./tokenizer.ts";

/** What {@link textEncoder} is fed for some texts: padded on the right to the longest, where causal attention never looks. */
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
    pooling: { dtype: "f32", shape: [batch, time], data: poolingWeights(pooling, texts, time) },
    ...rotaryTables(config, time),
  };
}
