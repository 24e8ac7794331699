import type { Triplet } from "@espalier/contract";
import { tokenizeText } from "../tokenize.ts";
import { Batches } from "./batches.ts";
import type { TrainingInputs } from "./inputs.ts";
import { textsOfBatch } from "./texts-of-batch.ts";

/** What a training is going to see in its first batches, measured before it computes anything. */
export interface Preflight {
  readonly batches: number;
  readonly rows: number;
  /** Rows that have a false negative in their batch: a text that is their positive, and stands there as another row's too. */
  readonly contradicted: number;
  readonly texts: number;
  /** Texts with more tokens than are encoded. */
  readonly cut: number;
  /** Tokens of the longest, with its template and its instruction. */
  readonly longest: number;
}

/** Batches that tell what the others are like. */
const mostBatches = 32;

/** Looks at the batches that a training begins with: as many as it computes, an epoch, or 32. */
export function preflight(inputs: TrainingInputs): Preflight {
  const { triplets, settings, encoding, mode } = inputs;
  const { batchSize, seed, steps, accumulate, objective } = settings;
  const drawn = Batches.start(triplets, batchSize, seed, mode);
  const batches = Math.min(mostBatches, steps * accumulate, drawn.perEpoch);
  const whole = { ...inputs, encoding: { ...encoding, maxLength: Number.MAX_SAFE_INTEGER } };
  let [contradicted, texts, cut, longest] = [0, 0, 0, 0];
  for (let i = 0; i < batches; i++) {
    const batch = drawn.next();
    contradicted += contradictedOf(batch, objective === "simcse");
    for (const { text, instruction } of textsOfBatch(batch, settings, 0)) {
      const { length } = tokenizeText(text, whole, instruction).ids;
      texts += 1;
      if (length > encoding.maxLength) cut += 1;
      longest = Math.max(longest, length);
    }
  }
  return { batches, rows: batches * batchSize, contradicted, texts, cut, longest };
}

/** How many rows of a batch have their positive as another row's positive or negative, or their query as another row's. */
function contradictedOf(batch: readonly Triplet[], alone: boolean): number {
  const counts = new Map<string, number>();
  const count = (text: string) => counts.set(text, (counts.get(text) ?? 0) + 1);
  const wanted = ({ query, positive }: Triplet) => (alone ? query : positive);
  for (const row of batch)
    for (const text of new Set([wanted(row), ...(alone ? [] : row.negatives)])) count(text);
  return batch.filter((row) => counts.get(wanted(row))! > 1).length;
}

/** What of a preflight whoever waits for the training should know, as lines; none where all is as it should be. */
export function preflightWarnings(
  { rows, contradicted, texts, cut, longest }: Preflight,
  maxLength: number,
): string[] {
  return [
    ...(contradicted > 0
      ? [
          `${percent(contradicted / rows)} of the rows have a false negative in their batch, a text that is also their positive; take out repeated rows, or choose a smaller batch`,
        ]
      : []),
    ...(cut > 0
      ? [
          `${percent(cut / texts)} of the texts are longer than ${maxLength} tokens and are cut, the longest has ${longest}; encoding.maxLength says how many are encoded`,
        ]
      : []),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
