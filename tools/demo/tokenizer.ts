import { parseTokenizer } from "@espalier/model/tokenizer";
import { BEGIN, countWords, END, tokenizerConfig, tokenizerJson, trainBpe } from "./bpe.ts";
import { document } from "./language/corpus.ts";
import { LENGTH, MODEL } from "./model.ts";
import { Random } from "./random.ts";

/** Documents that the tokenizer is trained on. */
const DOCUMENTS = 20_000;

/** The texts of `tokenizer.json` and `tokenizer_config.json`. */
export interface TokenizerFiles {
  readonly tokenizer: string;
  readonly config: string;
}

export function makeTokenizer(seed: number): TokenizerFiles {
  const rng = new Random(seed, "tokenizer");
  const texts = Array.from({ length: DOCUMENTS }, () => document(rng));
  const vocabulary = trainBpe(countWords(texts), MODEL.vocabularySize, [BEGIN, END]);
  return {
    tokenizer: `${JSON.stringify(tokenizerJson(vocabulary), null, 1)}\n`,
    config: `${JSON.stringify(tokenizerConfig(LENGTH), null, 2)}\n`,
  };
}

/** Ids of a document, between begin and end tokens. */
export function documentEncoder({ tokenizer, config }: TokenizerFiles): (text: string) => number[] {
  const parsed = parseTokenizer(tokenizer, config);
  const [end] = parsed.encode(END, { specialTokens: false });
  if (end === undefined) throw new Error(`the tokenizer has no ${END}`);
  return (text) => [...parsed.encode(text), end];
}
