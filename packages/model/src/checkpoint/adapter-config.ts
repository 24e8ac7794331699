import { Problem } from "@espalier/contract";
import { checkFields, harmless, neutral, obeyed, refuseFieldOf, type FieldTable } from "./field-table.ts";
import { JsonError, parseJson, type JsonObject, type JsonValue } from "./json.ts";

export const adapterConfigFile = "adapter_config.json";
const file = adapterConfigFile;

const training = harmless("it matters while an adapter is trained");
const origin = harmless("the base is the one that lies beside the adapter");
const start = harmless("it says how factors were first drawn, and the base is as it was");

/** Every field that PEFT writes for LoRA, up to release 0.21. */
const fields: FieldTable = {
  peft_type: neutral("LORA"),
  r: obeyed,
  lora_alpha: obeyed,
  rank_pattern: obeyed,
  alpha_pattern: obeyed,
  use_rslora: obeyed,
  target_modules: obeyed,
  exclude_modules: obeyed,
  layers_to_transform: obeyed,
  layers_pattern: obeyed,
  layer_replication: obeyed,
  init_lora_weights: obeyed,
  modules_to_save: obeyed,
  use_dora: neutral(false),
  lora_bias: neutral(false),
  bias: neutral("none"),
  use_qalora: neutral(false),
  use_bdlora: neutral(false),
  target_parameters: neutral(),
  trainable_token_indices: neutral(),
  alora_invocation_tokens: neutral(),
  megatron_config: neutral(),
  arrow_config: neutral(),
  kasa_config: neutral(),
  velora_config: neutral(),
  monteclora_config: neutral(),
  fan_in_fan_out: harmless("the adapted layers are linear ones here, for which PEFT ignores it too"),
  loftq_config: harmless("it is read where init_lora_weights is loftq, which is refused"),
  corda_config: harmless("it is read where init_lora_weights is corda, which is refused"),
  lora_ga_config: harmless("it is read where init_lora_weights is lora_ga, which is refused"),
  eva_config: start,
  qalora_group_size: harmless("it is read where use_qalora is true, which is refused"),
  megatron_core: harmless("it is read where megatron_config is given, which is refused"),
  ensure_weight_tying: harmless("it is about modules_to_save, which is refused"),
  lora_dropout: training,
  inference_mode: training,
  runtime_config: training,
  task_type: harmless("the task's head is not computed"),
  auto_mapping: origin,
  base_model_name_or_path: origin,
  revision: origin,
  peft_version: origin,
};

/** Ways to draw the first factors that leave the base as it is. */
const plainStarts: readonly JsonValue[] = [true, false, "gaussian", "orthogonal", "eva"];

/** Modules of other tasks, which a text encoder does not compute. */
const headModules: ReadonlySet<JsonValue> = new Set(["classifier", "score", "qa_outputs"]);

/** What `adapter_config.json` says of the factors beside it. */
export interface AdapterConfig {
  readonly rank: number;
  /** Factor of a product whose rank is not in a pattern, times the rank. */
  readonly alpha: number;
  /** Numbers of the base's layers that are left, in their order; undefined where they all are. */
  readonly layers: readonly number[] | undefined;
  /** Rank and factor of the product on the layer that PEFT knows by this name. */
  readonly productOf: (layer: string) => { readonly rank: number; readonly scale: number };
  /** Whether PEFT puts factors on the layer of this name. */
  readonly targets: (layer: string) => boolean;
  /** Whether a stored tensor is a head of another task, saved whole. */
  readonly isHead: (tensor: string) => boolean;
}

function malformed(message: string, field?: string): never {
  throw new Problem("checkpoint/malformed", message, { file, ...(field && { field: `/${field}` }) });
}

const unsupported = refuseFieldOf(file);

/**
 * Reads the configuration of a LoRA adapter as PEFT does.
 * @throws {Problem} `config/unsupported` naming a field that changes vectors in a way that is not computed here
 */
export function parseAdapterConfig(text: string): AdapterConfig {
  const root = parseRoot(text);
  // Fields of another kind of adapter are not known by name; its kind is what is said of it.
  const kind = root.get("peft_type") ?? "LORA";
  if (kind !== "LORA")
    unsupported(
      "peft_type",
      `peft_type is ${JSON.stringify(kind).slice(0, 80)}; only "LORA" is supported: merge the adapter with merge_and_unload of PEFT where its kind can be merged`,
    );
  checkFields(root, fields, unsupported);
  const started = root.get("init_lora_weights") ?? true;
  if (!plainStarts.includes(started))
    unsupported(
      "init_lora_weights",
      `init_lora_weights is ${JSON.stringify(started)}, which changes the base's weights too; save the adapter with path_initial_model_for_weight_conversion of PEFT, or merge it there`,
    );
  const rank = root.get("r");
  const alpha = root.get("lora_alpha");
  if (typeof rank !== "number" || !Number.isInteger(rank) || rank < 1) malformed("r is not a rank", "r");
  if (typeof alpha !== "number" || !Number.isFinite(alpha))
    malformed("lora_alpha is not a number", "lora_alpha");
  const ranks = pattern(root, "rank_pattern");
  const alphas = pattern(root, "alpha_pattern");
  const rooted = flag(root, "use_rslora");
  const scaleOf = (alpha: number, rank: number) => alpha / (rooted ? Math.sqrt(rank) : rank);
  const heads = savedHeads(root);
  return {
    rank,
    alpha: scaleOf(alpha, rank) * rank,
    layers: replication(root),
    productOf(layer) {
      const own = ranks(layer) ?? rank;
      if (!Number.isInteger(own) || own < 1) malformed(`rank_pattern gives ${layer} no rank`, "rank_pattern");
      return { rank: own, scale: scaleOf(alphas(layer) ?? alpha, own) };
    },
    targets: targetsOf(root),
    isHead: (tensor) => heads.some((head) => tensor.includes(`.${head}.`)),
  };
}

function parseRoot(text: string): JsonObject {
  let root: JsonValue;
  try {
    root = parseJson(text, { asPython: true });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    malformed(`${file} is not valid JSON: ${error.message}`);
  }
  return root instanceof Map ? root : malformed(`${file} is not a JSON object`);
}

function flag(root: JsonObject, key: string): boolean {
  const value = root.get(key) ?? false;
  return typeof value === "boolean" ? value : malformed(`${key} is neither true nor false`, key);
}

/** The number that a pattern of names gives to a layer: the first that matches the end of its name. */
function pattern(root: JsonObject, key: string): (layer: string) => number | undefined {
  const value = root.get(key) ?? null;
  if (value === null) return () => undefined;
  if (!(value instanceof Map)) malformed(`${key} is not an object`, key);
  const entries = [...value].map(([name, number]) => {
    if (typeof number !== "number") malformed(`${key} gives ${name.slice(0, 80)} no number`, key);
    return [expression(`(?:.*\\.)?(?:${name})$`, key), number] as const;
  });
  return (layer) => entries.find(([name]) => name.test(layer))?.[1];
}

/** A pattern of Python that is matched from the start of a name. */
function expression(source: string, key: string): RegExp {
  try {
    return new RegExp(`^(?:${source.replaceAll("(?P<", "(?<")})`, "u");
  } catch {
    return unsupported(key, `${key} holds a pattern that is not understood`);
  }
}

function names(root: JsonObject, key: string): readonly string[] | string | undefined {
  const value = root.get(key) ?? null;
  if (value === null || typeof value === "string") return value ?? undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  return malformed(`${key} is neither a pattern nor a list of names`, key);
}

/** One pattern fits the whole name, names of a list its end. */
function fits(chosen: readonly string[] | string, key: string): (layer: string) => boolean {
  if (typeof chosen !== "string")
    return (layer) => chosen.some((name) => layer === name || layer.endsWith(`.${name}`));
  const whole = expression(`(?:${chosen})$`, key);
  return (layer) => whole.test(layer);
}

function targetsOf(root: JsonObject): (layer: string) => boolean {
  const targets = names(root, "target_modules");
  const everyLinear = typeof targets === "string" && targets.toLowerCase() === "all-linear";
  const included = targets === undefined || everyLinear ? () => true : fits(targets, "target_modules");
  const excluded = names(root, "exclude_modules");
  const isExcluded =
    excluded === undefined || excluded.length === 0 ? () => false : fits(excluded, "exclude_modules");
  const isInLayer = transformedLayers(root);
  return (layer) => included(layer) && !isExcluded(layer) && isInLayer(layer);
}

/** The number of the layer in a name, where PEFT looks only at some: after `layers_pattern`, or the first one. */
function transformedLayers(root: JsonObject): (layer: string) => boolean {
  const value = root.get("layers_to_transform") ?? null;
  const numbers = value === null ? [] : Array.isArray(value) ? value : [value];
  if (numbers.length === 0) return () => true;
  if (!numbers.every((number) => typeof number === "number"))
    malformed("layers_to_transform is not a list of numbers", "layers_to_transform");
  const given = names(root, "layers_pattern") ?? [];
  const patterns = typeof given === "string" ? [given] : given;
  const sources =
    patterns.length === 0
      ? [".*\\.[^.]*\\.(\\d+)\\."]
      : patterns.map((name) => `.*\\.(?:${name})\\.(\\d+)\\.`);
  const expressions = sources.map((source) => expression(source, "layers_pattern"));
  return (layer) => {
    // PEFT's patterns want something before the list of layers; a bare encoder has nothing there.
    const found = expressions.map((one) => one.exec(layer) ?? one.exec(`.${layer}`)).find(Boolean);
    return found !== undefined && found !== null && numbers.includes(Number(found[1]));
  };
}

function savedHeads(root: JsonObject): readonly string[] {
  const saved = names(root, "modules_to_save") ?? [];
  const modules = typeof saved === "string" ? [saved] : saved;
  const other = modules.find((name) => !headModules.has(name));
  if (other !== undefined)
    unsupported(
      "modules_to_save",
      `modules_to_save names ${JSON.stringify(other).slice(0, 80)}, a module that was trained whole; merge the adapter with merge_and_unload of PEFT`,
    );
  return modules;
}

/** Half-open ranges of layers that PEFT builds the model from. Layers may be left out here, and never repeated. */
function replication(root: JsonObject): readonly number[] | undefined {
  const key = "layer_replication";
  const value = root.get(key) ?? null;
  if (value === null) return undefined;
  const ranges = Array.isArray(value) ? value : malformed(`${key} is not a list of ranges`, key);
  const layers = ranges.flatMap((range) => {
    const [from, to] = Array.isArray(range) && range.length === 2 ? range : [];
    const isRange =
      typeof from === "number" && typeof to === "number" && [from, to].every(Number.isSafeInteger);
    if (!isRange || from < 0 || to < from || to > 4096) malformed(`${key} is not a list of ranges`, key);
    return Array.from({ length: to - from }, (_, i) => from + i);
  });
  if (layers.length === 0) return undefined;
  if (layers.some((layer, i) => i > 0 && layer <= layers[i - 1]!))
    unsupported(key, `${key} repeats or reorders layers; only leaving some out is supported`);
  return layers;
}
