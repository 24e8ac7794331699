import { searchSizes, slebPasses, type SearchResult } from "@espalier/contract";
import type { TokenizedText } from "@espalier/model/tokenizer";
import {
  add,
  chanceLevel,
  input,
  mul,
  reshape,
  slice,
  sub,
  type Executable,
  type Tensor,
} from "@espalier/tensor";
import type { LinearOptions } from "../blocks/linear.ts";
import { pooledState } from "../blocks/text-encoder.ts";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import type { Encoder } from "../encoder.ts";
import { runChunks } from "../run-chunks.ts";
import { frozen } from "../training/lora.ts";
import { scatterRows } from "../vectors.ts";
import { curveOf, foundLayers, layersOf } from "./layer-search.ts";
import { leastAt, mean } from "./pick-layers.ts";
import { allBut } from "./picks.ts";
import { countTokens, searchBatches, type SearchOptions, type TripletRows } from "./search-batches.ts";
import { meansBy } from "./stability.ts";

/** One removal: the losses without each of the layers that could go, one number for each batch. */
interface Step {
  readonly candidates: readonly number[];
  readonly losses: readonly (readonly number[])[];
}

/**
 * SLEB's rule (Song et al. 2024, arXiv:2402.09025, algorithm 1) with the contrastive loss in place of the next-token loss: again and
 * again the layer goes without which the loss is least, until as many are left as the small pick keeps; the large pick is met on the
 * way. The first and the last layer stay, and the first of equals goes. To drop r of N layers it computes all texts
 * r·(N − 2) − r·(r − 1)/2 times, so that a few batches must do.
 *
 * Its stability is that of the last choice alone, with the layers before it gone as they are: to draw the whole way again would
 * compute it again.
 * @throws {Problem} what {@link searchBatches} throws, and `layers/out-of-range` for sizes that the model does not have
 */
export async function sleb(
  encoder: Encoder,
  triplets: TripletRows,
  options: SearchOptions = {},
): Promise<SearchResult> {
  const { signal, report } = options;
  const { model, engine } = encoder;
  const depth = model.config.layers;
  const { next, warnings, ...search } = await searchBatches(encoder, triplets, options);
  const { settings, batches } = search;
  const { batchSize, scale } = settings;
  const asked = searchSizes(settings, depth);
  // The first and the last layer stay, of a model that has both.
  const sizes = {
    small: Math.max(Math.min(2, depth), asked.small),
    large: Math.max(Math.min(2, depth), asked.large),
  };
  const least = Math.min(sizes.small, sizes.large);
  const texts = Array.from({ length: batches }, () => next());
  const { linears, weights } = frozen(model, encoder.adapter);
  const forward = await engine.open({ pooled: gated(encoder, linears) }, weights);
  const loss = new ContrastiveLoss(engine, scale, encoder.model.config.hiddenSize);
  const told = [...warnings];
  const out: number[] = [];
  const steps: Step[] = [];
  const total = slebPasses(depth, least) * batches;
  let done = 0;
  let tokens = 0;
  try {
    while (depth - out.length > least) {
      const candidates = allBut(depth, [0, depth - 1, ...out]);
      const losses: number[][] = candidates.map(() => []);
      for (const batch of texts)
        for (const [i, candidate] of candidates.entries()) {
          const vectors = await embed(batch, forward, encoder, [...out, candidate], signal);
          losses[i]!.push(await loss.of(vectors, batchSize));
          tokens += countTokens(batch);
          report?.({ batch: ++done, batches: total, tokens });
        }
      const best = leastAt(losses.map(mean));
      if (best === undefined) {
        told.push(`No loss is finite with ${depth - out.length - 1} layers; the removal stops there.`);
        break;
      }
      out.push(candidates[best]!);
      steps.push({ candidates, losses });
    }
  } finally {
    await loss.close();
    await forward.close();
  }
  const keptAt = (count: number) =>
    depth - count > out.length ? null : allBut(depth, out.slice(0, depth - count));
  const chosen = steps.map(({ candidates, losses }, i) => losses[candidates.indexOf(out[i]!)]!);
  const lastChoice = (count: number, counts: Uint32Array) => {
    const removed = depth - count;
    const step = steps[removed - 1];
    if (step === undefined) return keptAt(count);
    const best = leastAt(meansBy(step.losses, counts));
    return best === undefined ? null : allBut(depth, [...out.slice(0, removed - 1), step.candidates[best]!]);
  };
  const candidates = texts.reduce((sum, batch) => sum + batch.length - batchSize, 0) / batches;
  const found = foundLayers(
    "sleb",
    { ...search, warnings: told },
    {
      picks: { small: keptAt(sizes.small), large: keptAt(sizes.large) },
      again: (counts) => ({ small: lastChoice(sizes.small, counts), large: lastChoice(sizes.large, counts) }),
      curves: [curveOf(chosen, { name: "contrastive loss", axis: "removed" })],
    },
  );
  return { ...found, chance: chanceLevel(candidates), scale };
}

/** The pooled vectors of a model whose layers can be switched off: `gates` [layers] is 1 for those that compute, 0 for the others. */
function gated(encoder: Encoder, linears: LinearOptions) {
  const { config } = encoder.model;
  const gates = input("gates", [config.layers]);
  const { states, pooling, parameter } = layersOf(encoder, linears, (before, after, layer) => {
    const gate = reshape(slice(gates, 0, layer, layer + 1), [1, 1, 1]);
    return add(mul(after, gate), mul(before, sub(1, gate)));
  });
  return pooledState(config, states.at(-1)!, pooling, parameter);
}

async function embed(
  texts: readonly TokenizedText[],
  forward: Executable,
  { model, encoding, chunkTokens }: Encoder,
  out: readonly number[],
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const { layers, hiddenSize } = model.config;
  const data = new Float32Array(layers).fill(1);
  for (const layer of out) data[layer] = 0;
  const gates: Tensor = { dtype: "f32", shape: [layers], data };
  const matrix = new Float32Array(texts.length * hiddenSize);
  const batch = { model, texts, pooling: encoding.pooling, chunkTokens };
  for await (const { chunk, results } of runChunks(forward, batch, { more: () => ({ gates }), signal }))
    scatterRows(results["pooled"]!.data as Float32Array, chunk, hiddenSize, matrix);
  return matrix;
}
