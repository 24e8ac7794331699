import type { Mode, ResolvedEncoding, Triplet } from "@espalier/contract";
import type { Template, TokenizedText, Tokenizer } from "@espalier/model/tokenizer";

/** What decides how an encoder, or the training of one, turns texts into ids. */
export interface Tokenizing {
  readonly model: { readonly tokenizer: Tokenizer };
  readonly encoding: Pick<ResolvedEncoding, "maxLength" | "pooled">;
  readonly template?: Template | undefined;
  readonly mode?: Mode | undefined;
}

export function tokenizeText(
  text: string,
  { model, encoding: { maxLength, pooled }, template, mode: spans }: Tokenizing,
  instruction?: string,
): TokenizedText {
  return model.tokenizer.tokenize(text, {
    maxLength,
    pooled,
    instruction,
    spans,
    ...(template && { template }),
  });
}

/** The queries of triplets, with their instructions. */
export const tokenizeQueries = (triplets: readonly Triplet[], how: Tokenizing): TokenizedText[] =>
  triplets.map(({ query, instruction }) => tokenizeText(query, how, instruction));

/**
 * Queries, then positives, then hard negatives, as {@link ContrastiveLoss} takes them. Only queries take the instruction.
 * @param negativesOf the hard negatives of a triplet that are used
 */
export const tokenizeTriplets = (
  triplets: readonly Triplet[],
  how: Tokenizing,
  negativesOf: (triplet: Triplet) => readonly string[],
): TokenizedText[] => [
  ...tokenizeQueries(triplets, how),
  ...triplets.map(({ positive }) => tokenizeText(positive, how)),
  ...triplets.flatMap((triplet) => negativesOf(triplet).map((text) => tokenizeText(text, how))),
];
