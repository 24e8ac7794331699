import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import { namedToken } from "./added.ts";
import type { Release, TokenizerClass } from "./classes.ts";

/** Sections of tokenizer.json that are to be others, by their names; null is one that is to be none. */
export type Sections = Map<string, JsonValue>;

/** What a release reads a tokenizer from. */
export interface Reading {
  readonly class: TokenizerClass;
  readonly config: JsonObject;
  /** tokenizer.json. */
  readonly root: JsonObject;
  /** The id of a token, added ones included. */
  readonly idOf: (token: string) => number | undefined;
}

const object = (fields: Record<string, JsonValue>): JsonObject => new Map(Object.entries(fields));
const flagOf = (config: JsonObject, key: string, missing: boolean): boolean => {
  const value = config.get(key);
  return typeof value === "boolean" ? value : missing;
};

/**
 * The sections of tokenizer.json that a release of transformers replaces by what tokenizer_config.json and its class say.
 * Release 4 changes single settings of what tokenizer.json holds; release 5 builds the tokenizers of its classes anew, of
 * which only the vocabulary is tokenizer.json's.
 */
export const sectionsOf: Record<Release, (reading: Reading) => Sections> = {
  4: (reading) => new Map([...bertFlags(reading), ...prefixSpace(reading), ...aroundTexts(reading)]),
  5: (reading) => rebuilt[reading.class.name]?.(reading) ?? new Map(),
};

/** `do_lower_case` and its like, of classes of BERT. */
function bertFlags({ class: { name }, config, root }: Reading): Sections {
  const normalizer = root.get("normalizer");
  if (!isBert(name) || !(normalizer instanceof Map) || normalizer.get("type") !== "BertNormalizer")
    return new Map();
  return new Map([["normalizer", new Map([...normalizer, ...bertNormalizer(config)])]]);
}

const isBert = (name: string): boolean => name === "BertTokenizer" || name === "DistilBertTokenizer";

const bertNormalizer = (config: JsonObject): JsonObject =>
  object({
    lowercase: flagOf(config, "do_lower_case", true),
    strip_accents: config.get("strip_accents") ?? null,
    handle_chinese_chars: flagOf(config, "tokenize_chinese_chars", true),
  });

/** `add_prefix_space`, where tokenizer.json's pre-tokenizer is ByteLevel itself. */
function prefixSpace({ class: { addsPrefixSpace }, config, root }: Reading): Sections {
  const asked = config.has("add_prefix_space") ? config.get("add_prefix_space") : addsPrefixSpace;
  const pre = root.get("pre_tokenizer");
  if (typeof asked !== "boolean" || !(pre instanceof Map) || !pre.has("add_prefix_space")) return new Map();
  return new Map([["pre_tokenizer", new Map(pre).set("add_prefix_space", asked)]]);
}

/** `add_bos_token` and `add_eos_token`, of classes that obey them: whatever tokenizer.json puts around a text is replaced. */
function aroundTexts(reading: Reading): Sections {
  const {
    class: { adds },
    config,
  } = reading;
  if (adds === undefined) return new Map();
  const wants = (key: string, missing: boolean) => (config.has(key) ? config.get(key) === true : missing);
  return new Map([
    ["post_processor", template(reading, wants("add_bos_token", adds.bos), wants("add_eos_token", adds.eos))],
  ]);
}

function template({ class: { tokens }, config, idOf }: Reading, bos: boolean, eos: boolean): JsonObject {
  const specials: JsonObject = new Map();
  const piece = (name: string, wanted: boolean): JsonValue[] => {
    const token = wanted ? namedToken(config, name, tokens) : undefined;
    const id = token === undefined ? undefined : idOf(token);
    if (token === undefined || id === undefined) return [];
    specials.set(token, object({ id: token, ids: [id], tokens: [token] }));
    return [object({ SpecialToken: object({ id: token, type_id: 0 }) })];
  };
  const text = (id: string): JsonObject => object({ Sequence: object({ id, type_id: 0 }) });
  const [before, after] = [piece("bos_token", bos), piece("eos_token", eos)];
  return object({
    type: "TemplateProcessing",
    single: [...before, text("A"), ...after],
    pair: [...before, text("A"), ...after, ...before, text("B"), ...after],
    special_tokens: specials,
  });
}

const byteLevel = ({ config }: Reading, useRegex = true): JsonObject =>
  object({
    type: "ByteLevel",
    add_prefix_space: flagOf(config, "add_prefix_space", false),
    trim_offsets: true,
    use_regex: useRegex,
  });

const qwenPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** Whether a release builds the tokenizer of a class anew. */
export const isRebuilt = (release: Release, { name }: TokenizerClass): boolean =>
  release === 5 && Object.hasOwn(rebuilt, name);

/** What classes of release 5 build, by their names. */
const rebuilt: Readonly<Record<string, (reading: Reading) => Sections>> = {
  BertTokenizer: bert,
  DistilBertTokenizer: bert,
  XLMRobertaTokenizer: xlmRoberta,
  GPT2Tokenizer: (reading) =>
    sections({ normalizer: null, pre_tokenizer: byteLevel(reading) }, bytes(reading)),
  RobertaTokenizer: (reading) =>
    sections(
      { normalizer: null, pre_tokenizer: byteLevel(reading), post_processor: robertaProcessing(reading) },
      bytes(reading),
    ),
  GPTNeoXTokenizer: (reading) =>
    sections(
      {
        normalizer: object({ type: "NFC" }),
        pre_tokenizer: byteLevel(reading),
        post_processor: template(reading, false, false),
      },
      bytes(reading),
    ),
  Qwen2Tokenizer: (reading) =>
    sections(
      {
        normalizer: object({ type: "NFC" }),
        pre_tokenizer: object({
          type: "Sequence",
          pretokenizers: [
            object({
              type: "Split",
              pattern: object({ Regex: qwenPattern }),
              behavior: "Isolated",
              invert: false,
            }),
            byteLevel(reading, false),
          ],
        }),
      },
      bytes(reading),
    ),
  LlamaTokenizer(reading) {
    const { config } = reading;
    const scheme =
      config.get("add_prefix_space") === false ? "never" : config.get("legacy") === true ? "always" : "first";
    return sections(
      {
        normalizer: null,
        pre_tokenizer: object({ type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: false }),
      },
      pairs(reading, { fuse_unk: true, byte_fallback: true, unk_token: null, ignore_merges: false }),
    );
  },
  GemmaTokenizer: (reading) =>
    sections(
      {
        normalizer: object({ type: "Replace", pattern: object({ String: " " }), content: "▁" }),
        pre_tokenizer: object({
          type: "Split",
          pattern: object({ String: " " }),
          behavior: "MergedWithPrevious",
          invert: false,
        }),
      },
      pairs(reading, {
        fuse_unk: true,
        byte_fallback: true,
        unk_token: namedToken(reading.config, "unk_token", reading.class.tokens) ?? null,
        ignore_merges: false,
      }),
    ),
};

/** Release 5 takes the map of characters from tokenizer.json, and what goes around a text from the named tokens. */
function xlmRoberta(reading: Reading): Sections {
  const { config, root } = reading;
  const adds = config.has("add_prefix_space") ? config.get("add_prefix_space") === true : true;
  const scheme = adds ? "always" : "never";
  return sections({
    normalizer: precompiled(root.get("normalizer")) ?? null,
    pre_tokenizer: object({
      type: "Sequence",
      pretokenizers: [
        object({ type: "WhitespaceSplit" }),
        object({ type: "Metaspace", replacement: "▁", prepend_scheme: scheme, split: true }),
      ],
    }),
    post_processor: template(reading, true, true),
  });
}

function robertaProcessing({ config, class: { tokens }, idOf }: Reading): JsonObject {
  const named = (name: string): JsonValue[] => {
    const token = namedToken(config, name, tokens)!;
    return [token, idOf(token) ?? 0];
  };
  return object({
    type: "RobertaProcessing",
    sep: named("sep_token"),
    cls: named("cls_token"),
    trim_offsets: true,
    add_prefix_space: flagOf(config, "add_prefix_space", false),
  });
}

function precompiled(part: JsonValue | undefined): JsonObject | undefined {
  if (!(part instanceof Map)) return undefined;
  if (part.get("type") === "Precompiled") return part;
  const items = part.get("normalizers");
  return Array.isArray(items) ? items.map(precompiled).find((found) => found !== undefined) : undefined;
}

function bert({ config, class: { tokens }, idOf }: Reading): Sections {
  const [cls, sep] = ["cls_token", "sep_token"].map((name) => namedToken(config, name, tokens)!);
  const piece = (id: string, type: number) => object({ SpecialToken: object({ id, type_id: type }) });
  const text = (id: string, type: number) => object({ Sequence: object({ id, type_id: type }) });
  const special = (id: string, missing: number) =>
    [id, object({ id, ids: [idOf(id) ?? missing], tokens: [id] })] as const;
  return sections({
    normalizer: object({
      type: "BertNormalizer",
      clean_text: true,
      ...Object.fromEntries(bertNormalizer(config)),
    }),
    pre_tokenizer: object({ type: "BertPreTokenizer" }),
    post_processor: object({
      type: "TemplateProcessing",
      single: [piece(cls!, 0), text("A", 0), piece(sep!, 0)],
      pair: [piece(cls!, 0), text("A", 0), piece(sep!, 0), text("B", 1), piece(sep!, 1)],
      special_tokens: new Map<string, JsonValue>([special(cls!, 2), special(sep!, 3)]),
    }),
  });
}

const sections = (...fields: Record<string, JsonValue>[]): Sections =>
  new Map(Object.entries(Object.assign({}, ...fields) as Record<string, JsonValue>));

const bytes = (reading: Reading): Record<string, JsonValue> =>
  pairs(reading, { fuse_unk: false, byte_fallback: false, unk_token: null, ignore_merges: false });

/** The model of tokenizer.json with other settings, where it is one of byte pairs. */
function pairs({ root }: Reading, settings: Record<string, JsonValue>): Record<string, JsonValue> {
  const model = root.get("model");
  if (!(model instanceof Map) || !model.has("merges")) return {};
  return { model: new Map([...model, ...Object.entries(settings)]) };
}

/** Whether a tokenizer.json is of bytes. */
export function hasByteLevel(root: JsonObject): boolean {
  const isIt = (part: JsonValue | undefined): boolean =>
    part instanceof Map &&
    (part.get("type") === "ByteLevel" ||
      ["pretokenizers", "decoders"].some((key) => {
        const items = part.get(key);
        return Array.isArray(items) && items.some(isIt);
      }));
  return isIt(root.get("pre_tokenizer")) || isIt(root.get("decoder"));
}
