import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import type { TokenizerClass } from "./classes.ts";

/** A token that a folder's files add to those of tokenizer.json, with its flags as tokenizer.json spells them. */
interface Token {
  readonly content: string;
  readonly flags: Readonly<Record<(typeof flagNames)[number], boolean>>;
}

const flagNames = ["single_word", "lstrip", "rstrip", "normalized", "special"] as const;

/** Fields of tokenizer_config.json that name one token. */
const named = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** Files beside tokenizer.json. */
export interface Beside {
  /** tokenizer_config.json */
  readonly config: JsonObject;
  /** special_tokens_map.json */
  readonly specialTokens?: JsonObject | undefined;
  /** added_tokens.json */
  readonly addedTokens?: JsonObject | undefined;
  /** config.json */
  readonly model?: JsonObject | undefined;
}

/** The vocabulary of tokenizer.json without its added tokens. */
export interface Vocabulary {
  readonly size: number;
  idOf(token: string): number | undefined;
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? value : []);

function token(value: JsonValue | undefined, special?: boolean): Token | undefined {
  const content = value instanceof Map ? value.get("content") : value;
  if (typeof content !== "string" || content === "") return undefined;
  const flag = (name: string): boolean | undefined => {
    const set = value instanceof Map ? value.get(name) : undefined;
    return typeof set === "boolean" ? set : undefined;
  };
  const isSpecial = special ?? flag("special") ?? false;
  return {
    content,
    flags: {
      single_word: flag("single_word") ?? false,
      lstrip: flag("lstrip") ?? false,
      rstrip: flag("rstrip") ?? false,
      normalized: flag("normalized") ?? !isSpecial,
      special: isSpecial,
    },
  };
}

/** tokenizer_config.json with what files of older releases say, which count where it has no list of added tokens itself. */
export function withOlderFiles({ config, specialTokens, addedTokens }: Beside): JsonObject {
  if (config.has("added_tokens_decoder")) return config;
  const whole: JsonObject = new Map(config);
  for (const [key, value] of specialTokens ?? [])
    whole.set(
      key,
      key === "additional_special_tokens" ? [...listOf(whole.get(key)), ...listOf(value)] : value,
    );
  if (addedTokens === undefined) return whole;
  const special = new Set(specialsOf(whole, {}).map(({ content }) => content));
  const decoder: JsonObject = new Map();
  for (const [content, id] of addedTokens)
    decoder.set(
      JSON.stringify(id),
      new Map<string, JsonValue>([
        ["content", content],
        ["special", special.has(content)],
      ]),
    );
  return whole.set("added_tokens_decoder", decoder);
}

/** Tokens with a name, and further special ones. */
export function specialsOf(config: JsonObject, defaults: TokenizerClass["tokens"]): Token[] {
  const extra = config.get("extra_special_tokens");
  const values = [
    ...named.map((name) => (config.has(name) ? config.get(name) : defaults[name])),
    ...listOf(config.get("additional_special_tokens")),
    ...(extra instanceof Map ? extra.values() : listOf(extra)),
  ];
  return values.map((value) => token(value, true)).filter((found) => found !== undefined);
}

/**
 * The list `added_tokens` of tokenizer.json with the tokens that the files beside it add, as transformers adds them: those of
 * `added_tokens_decoder` by their numbers, which are not their ids, then special ones that are in neither list. A token of the
 * vocabulary keeps its id; others get the next one.
 * @param before the list of tokenizer.json
 * @param config {@link withOlderFiles}
 * @param again whether special tokens that are in a list get their flags here nevertheless. @default false
 * @returns undefined where they add nothing
 */
export function addedTokens(
  before: readonly JsonValue[],
  config: JsonObject,
  { tokens: defaults }: Pick<TokenizerClass, "tokens">,
  vocabulary: Vocabulary,
  { again = false }: { again?: boolean } = {},
): JsonObject[] | undefined {
  const list = before.filter((item) => item instanceof Map);
  const places = new Map(list.map((item, place) => [item.get("content"), place]));
  const decoder = config.get("added_tokens_decoder");
  const numbered = (decoder instanceof Map ? [...decoder] : [])
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, value]) => token(value))
    .filter((found) => found !== undefined);
  const specials = specialsOf(config, defaults);
  const known = new Set<JsonValue | undefined>([...places.keys(), ...numbered.map(({ content }) => content)]);
  const isSpecial = new Set(specials.map(({ content }) => content));
  const wanted = [
    ...numbered.map(({ content, flags }) => ({
      content,
      flags: { ...flags, special: flags.special || isSpecial.has(content) },
    })),
    ...specials.filter(({ content }) => again || !known.has(content)),
  ];
  let changed = false;
  for (const { content, flags } of wanted) {
    const place = places.get(content);
    const old = place === undefined ? undefined : list[place]!;
    if (old !== undefined && flagNames.every((name) => (old.get(name) ?? false) === flags[name])) continue;
    const id = old?.get("id") ?? vocabulary.idOf(content) ?? nextId(list, vocabulary);
    const entry: JsonObject = new Map<string, JsonValue>([
      ["id", id],
      ["content", content],
    ]);
    for (const name of flagNames) entry.set(name, flags[name]);
    changed = true;
    if (place === undefined) places.set(content, list.push(entry) - 1);
    else list[place] = entry;
  }
  return changed ? list : undefined;
}

function nextId(list: readonly JsonObject[], { size }: Vocabulary): number {
  const ids = list.map((item) => item.get("id")).filter((id) => typeof id === "number");
  return Math.max(size, ...ids.map((id) => id + 1));
}

/** tokenizer_config.json with its special tokens as texts, which have no flags. */
export function withPlainSpecials(config: JsonObject): JsonObject {
  const plain: JsonObject = new Map(config);
  const textOf = (value: JsonValue) => token(value)?.content ?? value;
  for (const name of named) {
    const value = plain.get(name);
    if (value !== undefined) plain.set(name, textOf(value));
  }
  return plain.set("additional_special_tokens", listOf(plain.get("additional_special_tokens")).map(textOf));
}

/** The token that tokenizer_config.json, or else its class, calls by this name. */
export const namedToken = (
  config: JsonObject,
  name: string,
  defaults: TokenizerClass["tokens"],
): string | undefined => token(config.has(name) ? config.get(name) : defaults[name])?.content;
