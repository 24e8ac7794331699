import { searchSizes, type SearchResult } from "@espalier/contract";
import { mul, reduceSum, type Node } from "@espalier/tensor";
import type { LinearOptions } from "../blocks/linear.ts";
import type { Encoder } from "../encoder.ts";
import { runChunks } from "../run-chunks.ts";
import { frozen } from "../training/lora.ts";
import { curveOf, foundLayers, layersOf } from "./layer-search.ts";
import { mean } from "./pick-layers.ts";
import { allBut, type Picks } from "./picks.ts";
import {
  distinctTexts,
  eachBatch,
  searchBatches,
  type SearchOptions,
  type TripletRows,
} from "./search-batches.ts";
import { meansBy } from "./stability.ts";

/**
 * ShortGPT's rule (Men et al. 2024, arXiv:2403.03853, eq. 1): the block influence of layer i is
 *   BI_i = 1 − E over texts X and tokens t of  x_{i,t} · x_{i+1,t} / (‖x_{i,t}‖ ‖x_{i+1,t}‖)
 * with x_i what goes into layer i, before any norm. Dropped are the layers of least influence, wherever they stand; of equals the
 * later. One forward pass of all texts; beside the states it holds three numbers for each token and layer.
 * @throws {Problem} what {@link searchBatches} throws, and `layers/out-of-range` for sizes that the model does not have
 */
export async function blockInfluence(
  encoder: Encoder,
  triplets: TripletRows,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { signal, report } = options;
  const { model, engine, encoding, chunkTokens } = encoder;
  const { config } = model;
  const search = await searchBatches(encoder, triplets, options);
  const sizes = searchSizes(search.settings, config.layers);
  const { linears, weights } = frozen(model, encoder.adapter);
  const forward = await engine.open(turns(encoder, linears), weights);
  const rows: number[][] = Array.from({ length: config.layers }, () => []);
  try {
    await eachBatch(search, report, async (drawn) => {
      const texts = distinctTexts(drawn);
      const sums = new Float64Array(config.layers);
      let count = 0;
      for await (const { chunk, results } of runChunks(
        forward,
        { model, texts, pooling: encoding.pooling, chunkTokens },
        { signal },
      )) {
        const time = results["square:0"]!.shape[1]!;
        for (const [row, text] of chunk.entries()) {
          const { length } = texts[text]!.ids;
          count += length;
          for (let layer = 0; layer < config.layers; layer++)
            for (let at = row * time; at < row * time + length; at++)
              sums[layer]! += cosineAt(results, layer, at);
        }
      }
      for (const [layer, row] of rows.entries()) row.push(1 - sums[layer]! / count);
      return count;
    });
  } finally {
    await forward.close();
  }
  const pick = (influence: readonly number[]): Picks => ({
    small: mostInfluential(influence, sizes.small),
    large: mostInfluential(influence, sizes.large),
  });
  return foundLayers("block-influence", search, {
    picks: pick(rows.map(mean)),
    again: (counts) => pick(meansBy(rows, counts)),
    curves: [curveOf(rows, { name: "block influence", axis: "layer" })],
  });
}

/** For each token [batch, time]: the squares of what goes into each layer and comes out of the last, and products of neighbours. */
function turns(encoder: Encoder, linears: LinearOptions) {
  const dot = (a: Node, b: Node) => reduceSum(mul(a, b), [2]);
  const outputs: Record<string, Node> = {};
  layersOf(encoder, linears, (before, after, layer) => {
    outputs[`square:${layer}`] = dot(before, before);
    outputs[`square:${layer + 1}`] = dot(after, after);
    outputs[`dot:${layer}`] = dot(before, after);
    return after;
  });
  return outputs;
}

function cosineAt(results: Record<string, { data: ArrayLike<number> }>, layer: number, at: number): number {
  const of = (name: string) => results[name]!.data[at]!;
  return of(`dot:${layer}`) / Math.sqrt(of(`square:${layer}`)) / Math.sqrt(of(`square:${layer + 1}`));
}

/** A layer whose influence is not a number stays: nothing says that it can go. */
function mostInfluential(influence: readonly number[], kept: number): number[] {
  const order = influence
    .map((value, layer) => ({ layer, value: Number.isNaN(value) ? Infinity : value }))
    .sort((a, b) => a.value - b.value || b.layer - a.layer);
  return allBut(
    influence.length,
    order.slice(0, influence.length - kept).map(({ layer }) => layer),
  );
}
