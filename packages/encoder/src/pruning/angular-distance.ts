import { searchSizes, type SearchResult } from "@espalier/contract";
import { matmul, reshape, type Node } from "@espalier/tensor";
import type { LinearOptions } from "../blocks/linear.ts";
import type { Encoder } from "../encoder.ts";
import { runChunks } from "../run-chunks.ts";
import { frozen } from "../training/lora.ts";
import { cosine, rowOf } from "../vectors.ts";
import { curveOf, foundLayers, layersOf } from "./layer-search.ts";
import { leastAt, mean } from "./pick-layers.ts";
import { allBut, type Picks } from "./picks.ts";
import {
  countTokens,
  distinctTexts,
  eachBatch,
  searchBatches,
  type SearchOptions,
  type TripletRows,
} from "./search-batches.ts";
import { meansBy } from "./stability.ts";

/**
 * The rule of "The Unreasonable Ineffectiveness of the Deeper Layers" (Gromov et al. 2024, arXiv:2403.17887, eqs. 6 and 7): to drop n
 * layers, drop those from l* to l* + n − 1 where
 *   l* = argmin over l of  d(x^l, x^(l+n)),   d(a, b) = arccos(a · b / (‖a‖ ‖b‖)) / π
 * with x^l what goes into layer l, before any norm, at the last token of a text, and d its mean over the texts. The first of equals
 * wins. One forward pass of all texts for both sizes; beside the states it holds one vector for each text and layer.
 * @throws {Problem} what {@link searchBatches} throws, and `layers/out-of-range` for sizes that the model does not have
 */
export async function angularDistance(
  encoder: Encoder,
  triplets: TripletRows,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { signal, report } = options;
  const { model, engine, chunkTokens } = encoder;
  const { layers: depth, hiddenSize } = model.config;
  const search = await searchBatches(encoder, triplets, options);
  const sizes = searchSizes(search.settings, depth);
  const dropped = { small: depth - sizes.small, large: depth - sizes.large };
  const { linears, weights } = frozen(model, encoder.adapter);
  const forward = await engine.open(lastTokens(encoder, linears), weights);
  const rows = { small: startsOf(depth, dropped.small), large: startsOf(depth, dropped.large) };
  try {
    await eachBatch(search, report, async (drawn) => {
      const texts = distinctTexts(drawn).map(({ ids }) => ({ ids, start: 0, end: ids.length }));
      const sums = { small: rows.small.map(() => 0), large: rows.large.map(() => 0) };
      for await (const { chunk, results } of runChunks(
        forward,
        { model, texts, pooling: "last_token", chunkTokens },
        { signal },
      )) {
        for (const row of chunk.keys()) {
          const states = Array.from({ length: depth + 1 }, (_, i) =>
            rowOf(results[`state:${i}`]!.data as Float32Array, row, hiddenSize),
          );
          for (const name of picks)
            for (let first = 0; first < sums[name].length; first++)
              sums[name][first]! += distance(states[first]!, states[first + dropped[name]]!);
        }
      }
      for (const name of picks)
        for (const [first, sum] of sums[name].entries()) rows[name][first]!.push(sum / texts.length);
      return countTokens(texts);
    });
  } finally {
    await forward.close();
  }
  const without = (distances: readonly number[], count: number): number[] | null => {
    const first = leastAt(distances);
    return first === undefined
      ? null
      : allBut(
          depth,
          Array.from({ length: count }, (_, i) => first + i),
        );
  };
  const pick = (of: (row: readonly number[][]) => number[]): Picks => ({
    small: without(of(rows.small), dropped.small),
    large: without(of(rows.large), dropped.large),
  });
  return foundLayers("angular-distance", search, {
    picks: pick((each) => each.map(mean)),
    again: (counts) => pick((each) => meansBy(each, counts)),
    curves: picks.map((name) =>
      curveOf(rows[name], { name: "angular distance", axis: "first-dropped", pick: name }),
    ),
  });
}

const picks = ["small", "large"] as const;

/** One row for each layer at which a run of dropped layers may begin. */
const startsOf = (depth: number, dropped: number): number[][] =>
  Array.from({ length: depth - dropped + 1 }, () => []);

/** In half turns: 0 for the same direction, 1 for the opposite one. */
const distance = (a: Float32Array, b: Float32Array): number =>
  Math.acos(Math.max(-1, Math.min(1, cosine(a, b)))) / Math.PI;

/** What goes into each layer and comes out of the last, at the token that is pooled: [batch, hidden]. */
function lastTokens(encoder: Encoder, linears: LinearOptions) {
  const states: Node[] = [];
  const { pooling } = layersOf(encoder, linears, (before, after, layer) => {
    if (layer === 0) states.push(before);
    states.push(after);
    return after;
  });
  const at = (state: Node) => reshape(matmul(pooling, state), ["batch", encoder.model.config.hiddenSize]);
  return Object.fromEntries(states.map((state, i) => [`state:${i}`, at(state)]));
}
