import { Type, type Static } from "typebox";
import { filled, type Loose } from "../defaults.ts";

/** How hidden states become one vector. Weights of `weighted_mean` are 1..n (L3Prune); `cls` is the first token's state. */
const poolings = ["weighted_mean", "mean", "last_token", "cls"] as const;
export const Pooling = Type.Enum(poolings);
export type Pooling = Static<typeof Pooling>;

/** Templates that are there by name, for the models that L3Prune was published with. */
export const namedTemplates = [
  "llama-3-instruct",
  "mistral-instruct",
  "llama-2-chat",
  "gemma-2-it",
  "qwen2-instruct",
] as const;
export type NamedTemplate = (typeof namedTemplates)[number];

export const templateChoices = ["none", "auto", "chat", ...namedTemplates] as const;
export type TemplateChoice = (typeof templateChoices)[number];

/**
 * How a text becomes a vector; the same for search, training and evaluation of one experiment.
 *
 * What it does not say depends on the model: a folder that was trained here says it in `espalier.json`. Else pooling is what the
 * folder's `1_Pooling/config.json` names, over the whole sequence, as sentence-transformers does, and the longest text what its
 * Transformer module says; without these files it is the mean of the whole sequence for BERT and its kin, and
 * `weighted_mean` of the content for all others. A BERT takes no more tokens than it has positions.
 */
export const Encoding = Type.Object(
  {
    pooling: Type.Optional(
      Type.Enum(poolings, {
        description:
          "default: what the model's 1_Pooling/config.json names; else mean for BERT and its kin, weighted_mean for others",
      }),
    ),
    pooled: Type.Optional(
      Type.Enum(["content", "sequence"], {
        description:
          "the text's own tokens, or all, with special ones and instruction; default: all for BERT and its kin and where there is 1_Pooling/config.json, else content",
      }),
    ),
    attention: Type.Optional(
      Type.Enum(["model", "bidirectional"], {
        default: "model",
        description:
          "what a token sees: what it saw when the model was trained, or all tokens (LLM2Vec, arXiv:2404.05961)",
      }),
    ),
    maxLength: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 8192,
        default: 512,
        description: "tokens; longer texts are cut where the tokenizer says, mostly on the right",
      }),
    ),
    template: Type.Optional(
      Type.Enum(templateChoices, {
        default: "none",
        description:
          "what texts are put into: nothing; the one known for the model's name; the model's own chat template; or one by name",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Encoding = Static<typeof Encoding>;

/** An encoding with every default filled in. */
export type ResolvedEncoding = Required<Encoding>;

/**
 * Fills in what is usual for a decoder. What a model of another kind wants is in the encoding already.
 * @throws {Problem} `request/invalid` naming the field
 */
export const resolveEncoding = (encoding: Loose<Encoding> = {}): ResolvedEncoding =>
  filled(Encoding, { pooling: "weighted_mean", pooled: "content" }, encoding) as ResolvedEncoding;

/**
 * An encoding as it was asked for: what it does not say stays open, because the model's folder decides it.
 * @throws {Problem} `request/invalid` naming the field
 */
export function checkedEncoding(encoding: Loose<Encoding> = {}): Encoding {
  resolveEncoding(encoding);
  return Object.fromEntries(Object.entries(encoding).filter(([, value]) => value !== undefined));
}
