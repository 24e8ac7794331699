import {
  Problem,
  resolveSearchSettings,
  type Mode,
  type ResolvedSearchSettings,
  type SearchSettings,
  type Triplet,
} from "@espalier/contract";
import { refuseSteps } from "@espalier/model";
import { collectTriplets, duplicatesWarning, type TripletRow } from "@espalier/model/data";
import type { TokenizedText } from "@espalier/model/tokenizer";
import type { Encoder } from "../encoder.ts";
import { Random } from "../random.ts";
import { tokenizeText } from "../tokenize.ts";
import { Batches } from "../training/batches.ts";
import { textsOfBatch } from "../training/texts-of-batch.ts";

/** What a search takes beside an encoder and its data. */
export interface SearchOptions {
  /** @default 100 batches of 64 at scale 50, of one task each; 20 and of all rows in reference mode; seed 42 */
  readonly settings?: SearchSettings | undefined;
  /** Whether to do as l3prune's code does where that is odd. @default the encoder's, which is "default" */
  readonly mode?: Mode | undefined;
  /** Stops between chunks; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch. `tokens` counts real ones so far. */
  readonly report?: ((progress: { batch: number; batches: number; tokens: number }) => void) | undefined;
}

export type TripletRows = Iterable<TripletRow> | AsyncIterable<TripletRow>;

/** The batches of a search, tokenised as the encoder does it. */
export interface SearchBatches {
  readonly settings: ResolvedSearchSettings;
  readonly batches: number;
  readonly warnings: readonly string[];
  /** Queries, then positives, then a negative of each that has one. */
  readonly next: () => readonly TokenizedText[];
}

/**
 * With fewer triplets than asked for, full batches of what is there, and a warning.
 * @throws {Problem} `config/unsupported` for an encoder whose vectors go through more than pooling, `dataset/too-small` when
 * there is not one full batch, `dataset/malformed` for a triplet without its texts, `request/invalid` naming the setting
 */
export async function searchBatches(
  encoder: Encoder,
  triplets: TripletRows,
  { settings: given, mode = encoder.mode }: SearchOptions,
): Promise<SearchBatches> {
  const settings = resolveSearchSettings(given, mode);
  const { batchSize, sampling } = settings;
  refuseSteps(encoder, "the search");
  const { model, encoding, template } = encoder;
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
  const draw = sampler(rows, settings);
  return {
    settings,
    batches,
    warnings,
    next: () =>
      textsOfBatch(draw(), oneNegative, 0).map(({ text, instruction }) =>
        tokenizeText(text, how, instruction),
      ),
  };
}

/** Each of the texts once, by its tokens. */
export function distinctTexts(texts: readonly TokenizedText[]): TokenizedText[] {
  return [...new Map(texts.map((text) => [text.ids.join(), text])).values()];
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

const oneNegative = { objective: "supervised", hardNegatives: 1 } as const;

/** Goes through the batches of a search one after the other. @param see what is done with one; gives the tokens that it took */
export async function eachBatch(
  { batches, next }: SearchBatches,
  report: SearchOptions["report"],
  see: (texts: readonly TokenizedText[]) => Promise<number>,
): Promise<void> {
  let tokens = 0;
  for (let batch = 1; batch <= batches; batch++) {
    tokens += await see(next());
    report?.({ batch, batches, tokens });
  }
}

/** Tokens of texts, padding left out. */
export const countTokens = (texts: readonly TokenizedText[]): number =>
  texts.reduce((sum, { ids }) => sum + ids.length, 0);
