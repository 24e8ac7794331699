import {
  Problem,
  resolveSearchSettings,
  type Mode,
  type ResolvedSearchSettings,
  type SearchResult,
  type SearchSettings,
  type Triplet,
} from "@espalier/contract";
import { chanceLevel, type Executable } from "@espalier/tensor";
import { textEncoder } from "../blocks/text-encoder.ts";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import { collectTriplets, duplicatesWarning, type TripletRow } from "@espalier/model/data";
import { refuseSteps } from "@espalier/model";
import type { Encoder } from "../encoder.ts";
import { Random } from "../random.ts";
import { runChunks } from "../run-chunks.ts";
import { tokenizeTriplets } from "../tokenize.ts";
import type { TokenizedText } from "@espalier/model/tokenizer";
import { Batches } from "../training/batches.ts";
import { frozen } from "../training/lora.ts";
import { scatterRows } from "../vectors.ts";
import { pickLayers } from "./pick-layers.ts";

/** What `l3prune` takes beside an encoder and triplets. */
export interface L3PruneOptions {
  /** @default 100 batches of 64 at scale 50, of one task each; 20 and of all rows in reference mode; seed 42 */
  readonly settings?: SearchSettings | undefined;
  /** Whether to do as l3prune's code does where that is odd. @default the encoder's, which is "default" */
  readonly mode?: Mode | undefined;
  /** Stops between chunks; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. `tokens` counts real ones so far. */
  readonly report?: ((progress: { batch: number; batches: number; tokens: number }) => void) | undefined;
}

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
  triplets: Iterable<TripletRow> | AsyncIterable<TripletRow>,
  options: L3PruneOptions = {},
): Promise<SearchResult> {
  const { signal, report, mode = encoder.mode } = options;
  const settings = resolveSearchSettings(options.settings, mode);
  const { batchSize, scale, seed, sampling } = settings;
  refuseSteps(encoder, "the search");
  const { model, engine, encoding, template } = encoder;
  const how = { model, encoding, template, mode };
  const rows = await collectTriplets(triplets);
  const warnings: string[] = [];
  const available =
    sampling === "by-task" ? Batches.count(rows, batchSize) : Math.floor(rows.length / batchSize);
  const batches = Math.min(settings.batches, available);
  if (batches < 1) {
    throw new Problem(
      "dataset/too-small",
      `A batch of ${batchSize} needs as many triplets${sampling === "by-task" ? " of one task" : ""}, and the dataset of ${rows.length} fills none; choose a smaller batch or add data.`,
      { field: "/batchSize" },
    );
  }
  if (batches < settings.batches) {
    warnings.push(
      `The dataset's ${rows.length} triplets fill ${batches} of the ${settings.batches} batches of ${batchSize}.`,
    );
  }
  const duplicates = duplicatesWarning(rows);
  if (duplicates !== undefined) warnings.push(duplicates);
  const next = sampler(rows, settings);

  const depths = Array.from({ length: model.config.layers }, (_, i) => i + 1);
  const { linears, weights } = frozen(model, encoder.adapter);
  const pooled = textEncoder(model.config, depths, linears);
  const outputs = Object.fromEntries(depths.map((depth) => [`depth:${depth}`, pooled[depth - 1]!]));
  const forward = await engine.open(outputs, weights);
  const loss = new ContrastiveLoss(engine, scale, encoder.width);
  const losses: number[][] = depths.map(() => []);
  let candidates = 0;
  let tokens = 0;
  try {
    for (let batch = 0; batch < batches; batch++) {
      const texts = tokenizeTriplets(next(), how, firstNegative);
      const vectors = await embedAtAllDepths(texts, forward, encoder, signal);
      for (const [i, matrix] of vectors.entries()) losses[i]!.push(await loss.of(matrix, batchSize));
      candidates += texts.length - batchSize;
      tokens += texts.reduce((sum, { ids }) => sum + ids.length, 0);
      report?.({ batch: batch + 1, batches, tokens });
    }
  } finally {
    await loss.close();
    await forward.close();
  }

  const picked = pickLayers(losses);
  return {
    ...picked,
    warnings: [...warnings, ...picked.warnings],
    chance: chanceLevel(candidates / batches),
    scale,
    samples: batches * batchSize,
    seed,
  };
}

/** Gives one batch after the other. */
function sampler(
  triplets: readonly Triplet[],
  { sampling, batchSize, seed }: ResolvedSearchSettings,
): () => readonly Triplet[] {
  if (sampling === "by-task") {
    const batches = Batches.start(triplets, batchSize, seed);
    return () => batches.next();
  }
  const rows = sampling === "shuffled" ? Random.seeded(seed).shuffled(triplets) : triplets;
  let at = 0;
  return () => rows.slice(at, (at += batchSize));
}

const firstNegative = ({ negatives }: Triplet): readonly string[] => negatives.slice(0, 1);

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
      scatterRows(results[`depth:${i + 1}`]!.data as Float32Array, chunk, hiddenSize, matrix);
  }
  return matrices;
}
