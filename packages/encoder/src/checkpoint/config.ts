import { Problem } from "@espalier/contract";
import { weightDtypes, type WeightDtype } from "./dtype.ts";
import { formatJson, JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

/** What a decoder's `config.json` says, in one spelling for all releases of transformers. */
export interface ModelConfig {
  readonly modelType: "llama";
  readonly layers: number;
  readonly hiddenSize: number;
  /** Width of the feed-forward block. */
  readonly intermediateSize: number;
  readonly heads: number;
  /** Heads of keys and values; divides `heads` (grouped-query attention). */
  readonly keyValueHeads: number;
  /** Width of one head; even, because rotary embeddings turn pairs. */
  readonly headSize: number;
  readonly vocabularySize: number;
  /** Longest sequence that the model was trained for. */
  readonly maxPositions: number;
  readonly normEpsilon: number;
  readonly ropeTheta: number;
  /** The output head is the embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly dtype: WeightDtype | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  /** Everything that the file says, so that a derived checkpoint keeps it. */
  readonly source: ReadonlyMap<string, JsonValue>;
}

const file = "config.json";
export const maxConfigBytes = 1024 * 1024;

function refuse(code: "config/malformed" | "config/unsupported", field: string, message: string): never {
  throw new Problem(code, message, { file, field: `/${field.replace(".", "/")}` });
}

/**
 * Reads a transformers `config.json` (spelling of release 4 and of release 5).
 * Only what is computed here is accepted: another architecture, rotary scaling, biases or another activation is
 * refused by name rather than computed wrongly.
 * @throws {Problem} naming the field
 */
export function parseConfig(text: string): ModelConfig {
  let root: JsonValue;
  try {
    root = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new Problem("config/malformed", `config.json is not valid JSON: ${error.message}`, {
      file,
      byte: Buffer.byteLength(text.slice(0, error.position)),
    });
  }
  if (!(root instanceof Map))
    throw new Problem("config/malformed", "config.json is not a JSON object", { file, byte: 0 });
  return readConfig(root);
}

function readConfig(source: JsonObject): ModelConfig {
  const field = new Fields(source);
  const modelType = source.get("model_type");
  if (modelType !== "llama") {
    refuse(
      "config/unsupported",
      "model_type",
      `model_type is ${JSON.stringify(modelType ?? null)}; only "llama" is supported`,
    );
  }
  refuseUnsupported(source);

  const hiddenSize = field.integer("hidden_size", 1, 65_536);
  const heads = field.integer("num_attention_heads", 1, 1024);
  const keyValueHeads = field.integer("num_key_value_heads", 1, 1024, heads);
  if (heads % keyValueHeads !== 0) {
    refuse(
      "config/malformed",
      "num_key_value_heads",
      `${heads} attention heads cannot share ${keyValueHeads} key-value heads evenly`,
    );
  }
  if (source.get("head_dim") == null && hiddenSize % heads !== 0) {
    refuse(
      "config/malformed",
      "num_attention_heads",
      `hidden_size ${hiddenSize} is not a multiple of ${heads} attention heads`,
    );
  }
  const headSize = field.integer("head_dim", 2, 4096, hiddenSize / heads);
  if (headSize % 2 !== 0)
    refuse("config/malformed", "head_dim", `head_dim ${headSize} is odd; rotary embeddings turn pairs`);

  return {
    modelType,
    layers: field.integer("num_hidden_layers", 1, 1024),
    hiddenSize,
    intermediateSize: field.integer("intermediate_size", 1, 1_048_576),
    heads,
    keyValueHeads,
    headSize,
    vocabularySize: field.integer("vocab_size", 1, 4_194_304),
    maxPositions: field.integer("max_position_embeddings", 1, 16_777_216, 2048),
    normEpsilon: field.real("rms_norm_eps", 1e-12, 0.1, 1e-6),
    ropeTheta: ropeTheta(source, field),
    tiedEmbeddings: field.flag("tie_word_embeddings", false),
    dtype: weightDtype(source),
    bosTokenId: field.tokenId("bos_token_id"),
    eosTokenId: field.tokenId("eos_token_id"),
    padTokenId: field.tokenId("pad_token_id"),
    source,
  };
}

function refuseUnsupported(source: JsonObject): void {
  const activation = source.get("hidden_act") ?? "silu";
  if (activation !== "silu") {
    refuse(
      "config/unsupported",
      "hidden_act",
      `hidden_act is ${JSON.stringify(activation)}; a Llama uses "silu"`,
    );
  }
  for (const key of ["attention_bias", "mlp_bias", "use_bidirectional_attention", "is_encoder_decoder"]) {
    const value = source.get(key) ?? false;
    if (value !== false)
      refuse("config/unsupported", key, `${key} is ${JSON.stringify(value)}; only false is supported`);
  }
  if ((source.get("pretraining_tp") ?? 1) !== 1)
    refuse("config/unsupported", "pretraining_tp", "pretraining_tp other than 1 is not supported");
  if ((source.get("partial_rotary_factor") ?? 1) !== 1) {
    refuse("config/unsupported", "partial_rotary_factor", "partial rotary embeddings are not supported");
  }
  if ((source.get("quantization_config") ?? null) !== null) {
    refuse(
      "config/unsupported",
      "quantization_config",
      "quantised checkpoints are not supported; import the bf16, f16 or f32 weights",
    );
  }
  if ((source.get("sliding_window") ?? null) !== null)
    refuse("config/unsupported", "sliding_window", "sliding-window attention is not supported");
}

/** Release 4 writes `rope_theta` and `rope_scaling`, release 5 one object `rope_parameters`. */
function ropeTheta(source: JsonObject, field: Fields): number {
  const theta = field.real("rope_theta", 1, 1e12, 10_000);
  for (const key of ["rope_scaling", "rope_parameters"]) {
    const value = source.get(key) ?? null;
    if (value === null) continue;
    if (!(value instanceof Map)) refuse("config/malformed", key, `${key} is neither an object nor null`);
    const kind = value.get("rope_type") ?? value.get("type") ?? "default";
    if (kind !== "default")
      refuse(
        "config/unsupported",
        key,
        `${key} asks for rotary scaling ${JSON.stringify(kind)}; only "default" is supported`,
      );
    for (const name of value.keys()) {
      if (!["rope_type", "type", "rope_theta"].includes(name))
        refuse("config/unsupported", `${key}.${name}`, `${key}.${name} is not supported`);
    }
    if (!value.has("rope_theta")) continue;
    const inner = new Fields(value, `${key}.`).real("rope_theta", 1, 1e12);
    if (source.has("rope_theta") && inner !== theta) {
      refuse(
        "config/malformed",
        `${key}.rope_theta`,
        `${key}.rope_theta is ${inner}, but rope_theta is ${theta}`,
      );
    }
    return inner;
  }
  return theta;
}

const dtypeNames: Record<WeightDtype, string> = { F32: "float32", BF16: "bfloat16", F16: "float16" };

function weightDtype(source: JsonObject): WeightDtype | undefined {
  const key = source.has("dtype") ? "dtype" : "torch_dtype";
  const spelled = source.get(key) ?? null;
  if (spelled === null || spelled === "auto") return undefined;
  const dtype = weightDtypes.find((candidate) => dtypeNames[candidate] === spelled);
  if (dtype === undefined) {
    refuse(
      "config/unsupported",
      key,
      `${key} is ${shown(spelled)}; float32, bfloat16 and float16 are supported`,
    );
  }
  return dtype;
}

/** Typed access to the fields of one object; a refusal names the field. */
class Fields {
  readonly #source: ReadonlyMap<string, JsonValue>;
  readonly #prefix: string;
  constructor(source: ReadonlyMap<string, JsonValue>, prefix = "") {
    this.#source = source;
    this.#prefix = prefix;
  }

  real(key: string, least: number, most: number, missing?: number): number {
    const value = this.#source.get(key) ?? missing;
    if (value === undefined)
      refuse("config/malformed", this.#prefix + key, `${this.#prefix}${key} is missing`);
    if (typeof value !== "number" || value < least || value > most) {
      refuse(
        "config/malformed",
        this.#prefix + key,
        `${this.#prefix}${key} is ${shown(value)}, not a number from ${least} to ${most}`,
      );
    }
    return value;
  }

  integer(key: string, least: number, most: number, missing?: number): number {
    const value = this.real(key, least, most, missing);
    if (!Number.isInteger(value))
      refuse("config/malformed", this.#prefix + key, `${this.#prefix}${key} is ${value}, not an integer`);
    return value;
  }

  flag(key: string, missing: boolean): boolean {
    const value = this.#source.get(key) ?? missing;
    if (typeof value !== "boolean")
      refuse(
        "config/malformed",
        this.#prefix + key,
        `${this.#prefix}${key} is ${shown(value)}, neither true nor false`,
      );
    return value;
  }

  /** A token id, the first of a list of them, or nothing. */
  tokenId(key: string): number | undefined {
    const value = this.#source.get(key) ?? null;
    const id = Array.isArray(value) ? value[0] : value;
    if (id === null || id === undefined || id === -1) return undefined;
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0) {
      refuse(
        "config/malformed",
        this.#prefix + key,
        `${this.#prefix}${key} is ${shown(value)}, not a token id`,
      );
    }
    return id;
  }
}

function shown(value: JsonValue): string {
  return value instanceof Map
    ? "an object"
    : Array.isArray(value)
      ? "a list"
      : JSON.stringify(value).slice(0, 80);
}

/** Lists of `config.json` that hold one item per layer. */
const perLayer = ["layer_types", "no_rope_layers", "mlp_layer_types"];

/**
 * The text of a `config.json` for the first `layers` layers of a model: everything else stays as it was read; lists
 * with one item per layer are cut to the same length, and fields that point at layers stay within bounds.
 */
export function configOfDepth(config: ModelConfig, layers: number): string {
  const source: JsonObject = new Map(config.source);
  source.set("num_hidden_layers", layers);
  for (const key of perLayer) {
    const value = source.get(key);
    if (Array.isArray(value) && value.length === config.layers) source.set(key, value.slice(0, layers));
  }
  const window = source.get("max_window_layers");
  if (typeof window === "number" && window > layers) source.set("max_window_layers", layers);
  return formatJson(source);
}

/** The text of a `config.json` for the layers of a model without its output head, as `LlamaModel` is saved. */
export function configOfEncoder(config: ModelConfig, dtype: WeightDtype | undefined): string {
  const source: JsonObject = new Map(config.source);
  source.set("architectures", ["LlamaModel"]);
  if (dtype !== undefined) source.set(source.has("dtype") ? "dtype" : "torch_dtype", dtypeNames[dtype]);
  return formatJson(source);
}
