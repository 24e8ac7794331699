import { Problem } from "@espalier/contract";
import type { ModelConfig } from "../architectures/model-config.ts";
import { describe } from "../architectures/registry.ts";
import { dtypeNames } from "../architectures/shared-fields.ts";
import type { WeightDtype } from "./dtype.ts";
import { formatJson, JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

const file = "config.json";
export const maxConfigBytes = 1024 * 1024;

/**
 * Reads a transformers `config.json` (spelling of release 4 and of release 5).
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
  return describe(root);
}

/** Lists of `config.json` that hold one item per layer. */
const perLayer = ["layer_types", "no_rope_layers", "mlp_layer_types"];

/**
 * The text of a `config.json` for the first `layers` layers of a model: everything else stays as it was read; lists
 * with one item per layer are cut to the same length, and fields that point at layers stay within bounds.
 */
export const configOfDepth = (config: ModelConfig, layers: number): string =>
  formatJson(sourceOfDepth(config, layers));

/**
 * The text of a `config.json` for a model without its output head, as transformers saves it.
 * @param layers how many of the first ones it has
 */
export function configOfEncoder(
  config: ModelConfig,
  dtype: WeightDtype | undefined,
  layers = config.layers,
): string {
  const source = sourceOfDepth(config, layers);
  source.set("architectures", [config.modelClass]);
  if (dtype !== undefined) source.set(source.has("dtype") ? "dtype" : "torch_dtype", dtypeNames[dtype]);
  return formatJson(source);
}

function sourceOfDepth(config: ModelConfig, layers: number): JsonObject {
  const source: JsonObject = new Map(config.source);
  source.set("num_hidden_layers", layers);
  for (const key of perLayer) {
    const value = source.get(key);
    if (Array.isArray(value) && value.length === config.layers) source.set(key, value.slice(0, layers));
  }
  const window = source.get("max_window_layers");
  if (typeof window === "number" && window > layers) source.set("max_window_layers", layers);
  return source;
}
