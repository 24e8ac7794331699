import { Problem, type KeptLayers } from "@espalier/contract";
import type { Attention, Block, ModelConfig } from "../architectures/model-config.ts";
import { describe } from "../architectures/registry.ts";
import { inBothSpellings } from "../architectures/both-releases.ts";
import { dtypeNames } from "../architectures/shared-fields.ts";
import { ofLayers } from "../architectures/tensors.ts";
import type { WeightDtype } from "./dtype.ts";
import { layerNumbers } from "./surviving.ts";
import { formatJson, JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

const file = "config.json";
export const maxConfigBytes = 1024 * 1024;

/**
 * Reads a transformers `config.json` (spelling of release 4 and of release 5).
 * @throws {Problem} naming the field
 */
export function parseConfig(text: string): ModelConfig {
  let root: JsonValue;
  const spellings = new Map<string, string>();
  try {
    root = parseJson(text, { spellings, asPython: true });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new Problem("config/malformed", `config.json is not valid JSON: ${error.message}`, {
      file,
      byte: Buffer.byteLength(text.slice(0, error.position)),
    });
  }
  if (!(root instanceof Map))
    throw new Problem("config/malformed", "config.json is not a JSON object", { file, byte: 0 });
  return { ...describe(root), spellings };
}

/** Lists of `config.json` that hold one item per layer. */
const perLayer = ["layer_types", "no_rope_layers", "mlp_layer_types"];

/**
 * The text of a `config.json` for a model of these layers: everything else stays as it was read. Lists with one item per
 * layer lose the items of the others, and fields that point at layers stay within bounds. Where a rule over the
 * numbers of layers would give another layer its window or its positions, lists say which has which.
 * @throws {Problem} `config/unsupported` where `config.json` cannot say what these layers are
 */
export const configOfLayers = (config: ModelConfig, kept: KeptLayers): string =>
  written(sourceOfLayers(config, kept), config);

/**
 * The text of a `config.json` for a model of these layers without its output head, as transformers saves it.
 * @param kept default: all
 */
export function configOfEncoder(
  config: ModelConfig,
  dtype: WeightDtype | undefined,
  kept: KeptLayers = config.layers,
): string {
  const source = sourceOfLayers(config, kept);
  source.set("architectures", [config.modelClass]);
  if (dtype !== undefined) source.set("dtype", dtypeNames[dtype]).set("torch_dtype", dtypeNames[dtype]);
  return written(source, config);
}

/**
 * The text of a `config.json` for an encoder of so many tokens, whose special ones have other ids.
 * @param idOf undefined for a token that is gone
 */
export function configOfVocabulary(
  config: ModelConfig,
  size: number,
  idOf: (id: number) => number | undefined,
): string {
  const source: JsonObject = new Map(config.source);
  source.set("architectures", [config.modelClass]).set("vocab_size", size);
  const renumbered = (id: JsonValue): JsonValue => (typeof id === "number" ? (idOf(id) ?? null) : id);
  for (const [key, value] of source)
    if (key.endsWith("_token_id"))
      source.set(
        key,
        Array.isArray(value) ? value.map(renumbered).filter((id) => id !== null) : renumbered(value),
      );
  return written(source, config);
}

/** Fields that Python wants as integers, whatever the file that they were read from spells. */
const integers = [
  "vocab_size",
  "hidden_size",
  "intermediate_size",
  "num_hidden_layers",
  "num_attention_heads",
  "num_key_value_heads",
  "head_dim",
  "max_position_embeddings",
  "original_max_position_embeddings",
  "type_vocab_size",
  "sliding_window",
  "max_window_layers",
  "sliding_window_pattern",
  "no_rope_layer_interval",
  "pad_token_id",
  "bos_token_id",
  "eos_token_id",
];

/** The text of a `config.json` that is read as the same model by releases 4 and 5 of transformers. */
function written(source: JsonObject, config: ModelConfig): string {
  const both = inBothSpellings(source, config);
  const spellings = new Map(both.spellings);
  for (const field of integers) spellings.delete(`/${field}`);
  return formatJson(both.source, spellings);
}

function sourceOfLayers(config: ModelConfig, kept: KeptLayers): JsonObject {
  const numbers = layerNumbers(kept);
  const source: JsonObject = new Map(config.source);
  source.set("num_hidden_layers", numbers.length);
  for (const key of perLayer) {
    const value = source.get(key);
    if (Array.isArray(value) && value.length === config.layers)
      source.set(
        key,
        numbers.map((number) => value[number]!),
      );
  }
  const window = source.get("max_window_layers");
  if (typeof window === "number" && window > numbers.length) source.set("max_window_layers", numbers.length);
  if (typeof kept === "number") return source;

  const { blocks } = ofLayers(config, kept);
  const ruled = describe(source).blocks;
  if (sameLayers(ruled, blocks)) return source;
  const differ = (what: (attention: Attention) => boolean): boolean =>
    blocks.some(({ attention }, i) => what(attention) !== what(ruled[i]!.attention));
  const slides = ({ window }: Attention): boolean => window !== undefined;
  const turns = ({ rotary }: Attention): boolean => rotary !== undefined;
  if (differ(slides))
    source.set(
      "layer_types",
      blocks.map(({ attention }) => (slides(attention) ? "sliding_attention" : "full_attention")),
    );
  if (differ(turns))
    source.set(
      "no_rope_layers",
      blocks.map(({ attention }) => (turns(attention) ? 1 : 0)),
    );
  if (!sameLayers(describe(source).blocks, blocks))
    throw new Problem(
      "config/unsupported",
      `config.json of ${config.modelType} cannot say what these layers are once others before them are gone; keep the first ones`,
      { file, field: "/layer_types" },
    );
  return source;
}

const sameLayers = (some: readonly Block[], others: readonly Block[]): boolean =>
  JSON.stringify(some) === JSON.stringify(others);
