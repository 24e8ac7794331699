import type { SearchResult } from "@espalier/contract";
import type { TokenizedText } from "@espalier/model/tokenizer";
import { chanceLevel, type Executable } from "@espalier/tensor";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import { openAtDepths, outputAt } from "../depth-graph.ts";
import type { Encoder } from "../encoder.ts";
import { runChunks } from "../run-chunks.ts";
import { scatterRows } from "../vectors.ts";
import { leastOfHalves, pickLayers } from "./pick-layers.ts";
import {
  countTokens,
  eachBatch,
  searchBatches,
  type SearchOptions,
  type TripletRows,
} from "./search-batches.ts";
import { meansBy, stabilityOf } from "./stability.ts";

/**
 * L3Prune's search (arXiv:2410.14578 §3): the contrastive loss of the untrained encoder at every depth, each layer's
 * state under the final norm, all depths in one pass over the texts. `small` and `large` of the result are the numbers
 * of layers with the least loss in the first and the second half of the depths; null where no loss was finite.
 *
 * The loss of a depth is the mean over the batches. With fewer triplets than asked for, full batches of what is there,
 * and a warning. Texts are pooled and cut as the encoder does it; what it keeps on the engine is not used.
 * @param triplets all of them are held, as batches are drawn from all; negatives may be absent
 * @throws {Problem} `config/unsupported` for an encoder whose vectors go through more than pooling, `dataset/too-small` when there is not one full batch, `dataset/malformed` for a triplet without its
 * texts, `request/invalid` naming the setting
 */
export async function l3prune(
  encoder: Encoder,
  triplets: TripletRows,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { signal, report } = options;
  const { model, engine } = encoder;
  const search = await searchBatches(encoder, triplets, options);
  const { settings, batches, warnings } = search;
  const { batchSize, scale, seed } = settings;
  const depths = Array.from({ length: model.config.layers }, (_, i) => i + 1);
  const forward = await openAtDepths(encoder, depths);
  const loss = new ContrastiveLoss(engine, scale, model.config.hiddenSize);
  const losses: number[][] = depths.map(() => []);
  let candidates = 0;
  try {
    await eachBatch(search, report, async (texts) => {
      const vectors = await embedAtAllDepths(texts, forward, encoder, signal);
      for (const [i, matrix] of vectors.entries()) losses[i]!.push(await loss.of(matrix, batchSize));
      candidates += texts.length - batchSize;
      return countTokens(texts);
    });
  } finally {
    await loss.close();
    await forward.close();
  }

  const picked = pickLayers(losses);
  const stability = stabilityOf({
    draws: batches,
    samplesPerDraw: batchSize,
    pick: (counts) => leastOfHalves(meansBy(losses, counts)),
    seed,
  });
  return {
    rule: "l3prune",
    ...picked,
    ...(stability && { stability }),
    warnings: [...warnings, ...picked.warnings],
    chance: chanceLevel(candidates / batches),
    scale,
    samples: batches * batchSize,
    seed,
  };
}

/** One matrix [texts, hidden] for each depth. */
async function embedAtAllDepths(
  texts: readonly TokenizedText[],
  forward: Executable,
  { model, encoding, chunkTokens }: Encoder,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const { layers, hiddenSize } = model.config;
  const matrices = Array.from({ length: layers }, () => new Float32Array(texts.length * hiddenSize));
  const batch = { model, texts, pooling: encoding.pooling, chunkTokens };
  for await (const { chunk, results } of runChunks(forward, batch, { signal })) {
    for (const [i, matrix] of matrices.entries())
      scatterRows(results[outputAt(i + 1)]!.data as Float32Array, chunk, hiddenSize, matrix);
  }
  return matrices;
}
