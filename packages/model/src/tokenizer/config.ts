import { parseFile, type Part } from "./part.ts";

export type Side = "left" | "right";

/** The fields of a `tokenizer_config.json` that are used here. */
export interface TokenizerConfig {
  /** Longest sequence that the model was made for, special tokens included; undefined where there is no limit. */
  readonly maxLength: number | undefined;
  /** Undefined where it does not say, and tokenizer.json decides. */
  readonly truncationSide: Side | undefined;
  readonly paddingSide: Side;
  /** Whether special tokens in a text are tokenised as the text that they are. */
  readonly splitsSpecial: boolean;
  /** The tokens with a name, such as `bos_token`, for chat templates. */
  readonly namedTokens: ReadonlyMap<string, string>;
  readonly chatTemplate: string | undefined;
}

/** transformers treats a limit above this as no limit. */
const noLimit = 1e20;

const tokenNames = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

const sides = ["left", "right"] as const;

/**
 * Reads a `tokenizer_config.json`; an empty object says nothing and gives the defaults of transformers.
 * @throws {Problem} `tokenizer/malformed`
 */
export function parseTokenizerConfig(text: string): TokenizerConfig {
  const root = parseFile(text, "tokenizer_config.json", { asPython: true });
  return {
    maxLength: maxLength(root),
    truncationSide: side(root, "truncation_side"),
    paddingSide: side(root, "padding_side") ?? "right",
    splitsSpecial: root.optionalFlag("split_special_tokens", false),
    namedTokens: new Map(tokenNames.map((name) => [name, token(root, name)] as const).filter(isGiven)),
    chatTemplate: chatTemplate(root),
  };
}

const side = (root: Part, key: string): Side | undefined =>
  root.value(key) === undefined ? undefined : root.word(key, sides);

function maxLength(root: Part): number | undefined {
  const value = root.value("model_max_length");
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value > 0))
    root.refuse("has a model_max_length that is not a number above 0");
  return value > noLimit ? undefined : Math.floor(value);
}

const isGiven = (entry: readonly [string, string | undefined]): entry is readonly [string, string] =>
  entry[1] !== undefined;

/** A token is spelled as a string, or as an object with its content. */
function token(root: Part, name: string): string | undefined {
  const value = root.value(name);
  if (value === undefined || value === false) return undefined;
  return typeof value === "string" ? value : root.part(name).string("content");
}

/** One template, or a list of templates with names, of which `default` is for a conversation without tools. */
function chatTemplate(root: Part): string | undefined {
  const value = root.value("chat_template");
  if (value === undefined || typeof value === "string") return value;
  const named = root
    .parts("chat_template")
    .map((part) => [part.string("name"), part.string("template")] as const);
  return new Map(named).get("default");
}
