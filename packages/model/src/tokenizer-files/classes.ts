import type { JsonObject } from "../checkpoint/json.ts";

/** A release of transformers, of which each reads the files of a tokenizer in its own way. */
export type Release = 4 | 5;

/** What transformers knows of a class of tokenizers. */
export interface TokenizerClass {
  readonly name: string;
  /** Tokens that it names where tokenizer_config.json does not. */
  readonly tokens: Readonly<Record<string, string>>;
  /** Those that it names in release 5 alone. */
  readonly newTokens?: Readonly<Record<string, string>>;
  /** Whether release 4 puts `bos_token` and `eos_token` around a text where tokenizer_config.json does not say. */
  readonly adds?: { readonly bos: boolean; readonly eos: boolean };
  /** What release 4 takes for `add_prefix_space` where tokenizer_config.json does not say; null leaves tokenizer.json's. */
  readonly addsPrefixSpace: false | null;
  /** Where both pad unless tokenizer_config.json says so. */
  readonly paddingSide: "left" | "right";
}

const endOfText = "<|endoftext|>";
const roberta = {
  bos_token: "<s>",
  eos_token: "</s>",
  unk_token: "<unk>",
  sep_token: "</s>",
  pad_token: "<pad>",
  cls_token: "<s>",
  mask_token: "<mask>",
};
const bert = {
  unk_token: "[UNK]",
  sep_token: "[SEP]",
  pad_token: "[PAD]",
  cls_token: "[CLS]",
  mask_token: "[MASK]",
};

const plainName = "PreTrainedTokenizer";
/** A class that takes tokenizer.json as it is. */
const plain = { tokens: {}, addsPrefixSpace: false, paddingSide: "right" } as const;

/** By the name without `Fast`. */
const classes: Readonly<Record<string, Omit<TokenizerClass, "name">>> = {
  [plainName]: plain,
  TokenizersBackend: plain,
  BertTokenizer: { ...plain, tokens: bert },
  DistilBertTokenizer: { ...plain, tokens: bert },
  RobertaTokenizer: { ...plain, tokens: roberta },
  XLMRobertaTokenizer: { ...plain, tokens: roberta },
  LlamaTokenizer: {
    tokens: { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" },
    adds: { bos: true, eos: false },
    addsPrefixSpace: null,
    paddingSide: "left",
  },
  GemmaTokenizer: {
    tokens: { bos_token: "<bos>", eos_token: "<eos>", unk_token: "<unk>", pad_token: "<pad>" },
    newTokens: { mask_token: "<mask>" },
    adds: { bos: true, eos: false },
    addsPrefixSpace: false,
    paddingSide: "left",
  },
  GPT2Tokenizer: {
    ...plain,
    tokens: { bos_token: endOfText, eos_token: endOfText, unk_token: endOfText },
  },
  GPTNeoXTokenizer: {
    ...plain,
    tokens: { bos_token: endOfText, eos_token: endOfText, unk_token: endOfText },
    newTokens: { pad_token: "<|padding|>" },
    adds: { bos: false, eos: false },
  },
  Qwen2Tokenizer: {
    ...plain,
    tokens: { eos_token: endOfText, unk_token: endOfText, pad_token: endOfText },
  },
};

/** The class that each release takes for an architecture whose files name none. */
const usual: Readonly<Record<Release, Readonly<Record<string, string>>>> = {
  4: {
    bert: "BertTokenizer",
    roberta: "RobertaTokenizer",
    "xlm-roberta": "XLMRobertaTokenizer",
    llama: "LlamaTokenizer",
    mistral: "LlamaTokenizer",
    phi3: "LlamaTokenizer",
    gemma: "GemmaTokenizer",
    gemma2: "GemmaTokenizer",
    gemma3_text: "GemmaTokenizer",
    qwen2: "Qwen2Tokenizer",
    qwen3: "Qwen2Tokenizer",
    olmo2: "GPTNeoXTokenizer",
    granite: "GPT2Tokenizer",
  },
  5: {
    bert: "BertTokenizer",
    roberta: "RobertaTokenizer",
    "xlm-roberta": "XLMRobertaTokenizer",
    gemma: "GemmaTokenizer",
    gemma2: "GemmaTokenizer",
    gemma3_text: "GemmaTokenizer",
    qwen2: "Qwen2Tokenizer",
    qwen3: "Qwen2Tokenizer",
  },
};

/** What release 5 takes for an architecture whatever class is named; the plain class takes tokenizer.json as it is. */
const insteadOfNamed: Readonly<Record<string, string>> = {
  phi3: plainName,
  granite: plainName,
  olmo2: plainName,
  mistral: plainName,
  qwen2: "Qwen2Tokenizer",
};

const textOf = (object: JsonObject | undefined, key: string): string | undefined => {
  const value = object?.get(key);
  return typeof value === "string" ? value : undefined;
};

/**
 * The class by which a release reads a folder's tokenizer; undefined for one that is not known here.
 * @param isByteLevel whether tokenizer.json is of bytes, for which release 5 does not take the class of Llama
 */
export function classOf(
  config: JsonObject,
  model: JsonObject | undefined,
  release: Release,
  isByteLevel = false,
): TokenizerClass | undefined {
  const type = textOf(model, "model_type") ?? "";
  const named = textOf(config, "tokenizer_class") ?? textOf(model, "tokenizer_class");
  const overruled = release === 5 && named !== undefined ? insteadOfNamed[type] : undefined;
  const chosen = (overruled ?? named ?? usual[release][type] ?? plainName).replace(/Fast$/, "");
  const name = release === 5 && chosen === "LlamaTokenizer" && isByteLevel ? plainName : chosen;
  const known = Object.hasOwn(classes, name) ? classes[name] : undefined;
  return known && { ...known, name, tokens: { ...known.tokens, ...(release === 5 && known.newTokens) } };
}

/** The release that a folder was made for: that of the class that its tokenizer names, or of the library that wrote its config. */
export function releaseOf(config: JsonObject, model: JsonObject | undefined): Release {
  if (textOf(config, "tokenizer_class") === "TokenizersBackend" || textOf(config, "backend") !== undefined)
    return 5;
  if (Array.isArray(config.get("extra_special_tokens"))) return 5;
  return Number.parseInt(textOf(model, "transformers_version") ?? "", 10) >= 5 ? 5 : 4;
}
