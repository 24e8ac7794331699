import { resolveEncoding, type Encoding } from "@espalier/contract";
import { given, parseCount } from "./settings.ts";

/** Options that say how a text becomes a vector. */
export const encodingOptions = {
  pooling: { type: "string" },
  pooled: { type: "string" },
  attention: { type: "string" },
  template: { type: "string" },
  "max-length": { type: "string" },
} as const;

export const encodingHelp = [
  "--pooling P         weighted_mean (default), mean, last_token or cls",
  "--pooled sequence   pool special tokens and the instruction too, not the text's own alone",
  "--attention bidirectional   a token sees those after it too (LLM2Vec)",
  "--template T        none (default), auto, chat for the model's own, or one by name",
  "--max-length N      tokens; longer texts are cut where the tokenizer says; default 512",
] as const;

export type EncodingValues = { [Name in keyof typeof encodingOptions]?: string | undefined };

/** @throws {Problem} `request/invalid` for a word that no schema knows, with its field */
export function parseEncoding(values: EncodingValues): Encoding {
  const encoding = given({
    pooling: values.pooling,
    pooled: values.pooled,
    attention: values.attention,
    template: values.template,
    maxLength: parseCount("max-length", values["max-length"]),
  }) as Encoding;
  resolveEncoding(encoding);
  return encoding;
}
