import { Problem, type Mode, type ResolvedEncoding } from "@espalier/contract";
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

/** Most tokens of a text that l3prune's `encode` embeds. */
const referenceLength = 400;

/**
 * What is done with an instruction and a text before they are tokenised to be embedded. In reference mode as l3prune's `encode` does,
 * which is not what its training does: a blank stands between them, and a long text loses words at its end.
 */
export function howToEncode(
  {
    instruction,
    separator,
  }: { readonly instruction?: string | undefined; readonly separator?: string | undefined },
  {
    mode,
    encoding: { maxLength },
    model: { tokenizer },
  }: Pick<Tokenizing, "encoding"> & {
    readonly mode: Mode;
    readonly model: Pick<Tokenizing["model"], "tokenizer">;
  },
): {
  readonly instruction: string | undefined;
  readonly separator: string | undefined;
  readonly shorten: (text: string) => string;
} {
  if (mode !== "reference") return { instruction, separator, shorten: (text) => text };
  const count = (text: string) =>
    Math.min(maxLength, tokenizer.encode(text, { specialTokens: false }).length);
  return {
    instruction: instruction?.trim(),
    separator: separator ?? " ",
    shorten(text) {
      for (let tokens = count(text); tokens > referenceLength; tokens = count(text)) {
        const words = text.trim().split(/\s+/);
        text = words.slice(0, Math.floor(words.length * (referenceLength / tokens))).join(" ");
      }
      return text;
    },
  };
}
