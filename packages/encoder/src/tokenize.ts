import { Problem, type Mode, type ResolvedEncoding, type Triplet } from "@espalier/contract";
import type { EmbeddingTable } from "@espalier/model";
import type { Template, TokenizedText, Tokenizer } from "@espalier/model/tokenizer";

/** What decides how an encoder, or the training of one, turns texts into ids. */
export interface Tokenizing {
  readonly model: { readonly tokenizer: Tokenizer; readonly embedding: Pick<EmbeddingTable, "rows"> };
  readonly encoding: Pick<ResolvedEncoding, "maxLength" | "pooled">;
  readonly template?: Template | undefined;
  readonly mode?: Mode | undefined;
}

export function tokenizeText(
  text: string,
  { model, encoding: { maxLength, pooled }, template, mode: spans }: Tokenizing,
  instruction?: string,
): TokenizedText {
  const tokenized = model.tokenizer.tokenize(text, {
    maxLength,
    pooled,
    instruction,
    spans,
    ...(template && { template }),
  });
  const { rows } = model.embedding;
  const beyond = tokenized.ids.find((id) => id >= rows);
  if (beyond === undefined) return tokenized;
  throw new Problem(
    "tokenizer/mismatch",
    `a text holds the token ${beyond}, for which the model's embedding of ${rows} rows has no vector`,
  );
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
