import {
  Problem,
  type Mode,
  type ResolvedEncoding,
  type ResolvedSearchSettings,
  type SearchResult,
  type Triplet,
} from "@espalier/contract";
import { chanceLevel, weight, type Engine, type Executable } from "@espalier/graph";
import { rotaryKind } from "../blocks/rotary-tables.ts";
import { textEncoder } from "../blocks/text-encoder.ts";
import { planChunks } from "../chunks.ts";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { Random } from "../random.ts";
import type { Template } from "../template.ts";
import { textFeeds } from "../text-feeds.ts";
import type { TokenizedText } from "../tokenizer.ts";
import { Batches } from "../training/batches.ts";
import { pickLayers } from "./pick-layers.ts";

export interface SearchInputs {
  readonly model: LoadedModel;
  readonly triplets: readonly Triplet[];
  readonly settings: ResolvedSearchSettings;
  readonly encoding: ResolvedEncoding;
  readonly template?: Template;
  /** @default "default" */
  readonly mode?: Mode;
}

export interface SearchControl {
  readonly engine: Engine;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. `tokens` counts real ones. */
  readonly report?: ((progress: { batch: number; batches: number; tokens: number }) => void) | undefined;
}

/** Most tokens that are computed at once, padding included. */
const chunkTokens = 1024;

/**
 * L3Prune's search (arXiv:2410.14578 §3): the contrastive loss of the untrained model at every depth, each layer's state
 * under the final norm, all depths in one pass over the texts. The loss of a depth is the mean over the batches. With
 * fewer triplets than asked for, full batches of what is there, and a warning.
 * @throws {Problem} `dataset/too-small` when there is not one full batch
 */
export async function searchLayers(inputs: SearchInputs, control: SearchControl): Promise<SearchResult> {
  const { model, triplets, settings } = inputs;
  const { batchSize, scale, seed, sampling } = settings;
  const warnings: string[] = [];
  const available =
    sampling === "by-task" ? Batches.count(triplets, batchSize) : Math.floor(triplets.length / batchSize);
  const batches = Math.min(settings.batches, available);
  if (batches < 1) {
    throw new Problem(
      "dataset/too-small",
      `A batch of ${batchSize} needs as many triplets${sampling === "by-task" ? " of one task" : ""}, and the dataset of ${triplets.length} fills none; choose a smaller batch or add data.`,
      { field: "/batchSize" },
    );
  }
  if (batches < settings.batches) {
    warnings.push(
      `The dataset's ${triplets.length} triplets fill ${batches} of the ${settings.batches} batches of ${batchSize}.`,
    );
  }
  const next = sampler(triplets, settings);

  const depths = Array.from({ length: model.config.layers }, (_, i) => i + 1);
  const pooled = textEncoder(model.config, depths, { parameter: weight });
  const outputs = Object.fromEntries(depths.map((depth) => [`depth:${depth}`, pooled[depth - 1]!]));
  const forward = await control.engine.open(outputs, model.weights);
  const loss = new ContrastiveLoss(control.engine, scale, model.config.hiddenSize);
  const losses: number[][] = depths.map(() => []);
  let candidates = 0;
  let tokens = 0;
  try {
    for (let batch = 0; batch < batches; batch++) {
      const texts = tokenize(next(), inputs);
      const vectors = await embedAtAllDepths(texts, forward, inputs, control.signal);
      for (const [i, matrix] of vectors.entries()) losses[i]!.push(await loss.of(matrix, batchSize));
      candidates += texts.length - batchSize;
      tokens += texts.reduce((sum, { ids }) => sum + ids.length, 0);
      control.report?.({ batch: batch + 1, batches, tokens });
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

/** Queries, then positives, then one hard negative of each example that has one; only queries take the instruction. */
function tokenize(
  examples: readonly Triplet[],
  { model, encoding, template }: SearchInputs,
): TokenizedText[] {
  const options = { maxLength: encoding.maxLength, ...(template && { template }) };
  const document = (text: string) => model.tokenizer.tokenize(text, options);
  return [
    ...examples.map(({ query, instruction }) => model.tokenizer.tokenize(query, { ...options, instruction })),
    ...examples.map(({ positive }) => document(positive)),
    ...examples.flatMap(({ negatives }) => negatives.slice(0, 1).map(document)),
  ];
}

/** One matrix [texts, hidden] for each depth. */
async function embedAtAllDepths(
  texts: readonly TokenizedText[],
  forward: Executable,
  { model, encoding }: SearchInputs,
  signal: AbortSignal | undefined,
): Promise<Float32Array[]> {
  const { layers, hiddenSize } = model.config;
  const matrices = Array.from({ length: layers }, () => new Float32Array(texts.length * hiddenSize));
  const lengths = texts.map(({ ids }) => ids.length);
  for (const chunk of planChunks(lengths, chunkTokens, (length) => rotaryKind(model.config, length))) {
    signal?.throwIfAborted();
    const pieces = chunk.map((i) => texts[i]!);
    const results = await forward.run(textFeeds(model, pieces, encoding));
    for (const [i, matrix] of matrices.entries()) {
      const data = results[`depth:${i + 1}`]!.data as Float32Array;
      for (const [row, text] of chunk.entries())
        matrix.set(data.subarray(row * hiddenSize, (row + 1) * hiddenSize), text * hiddenSize);
    }
  }
  return matrices;
}
