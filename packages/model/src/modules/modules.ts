import { modulesFile, poolingFile, transformerFiles } from "@espalier/contract";
import type { ModelSource } from "../files/read-text.ts";
import {
  checkFields,
  harmless,
  neutral,
  obeyed,
  refuseFieldOf,
  type FieldTable,
} from "../checkpoint/field-table.ts";
import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import { readDense, readLayerNorm, type VectorStep } from "./dense.ts";
import { poolsPrompts } from "./pooling.ts";
import { findJson, findObject, unusable } from "./read-object.ts";

/** What the files of sentence-transformers in a model folder say. */
export interface Modules {
  /** Tokens at which it cuts texts; undefined where it does not say. */
  readonly maxLength: number | undefined;
  /** What is done with a pooled vector, in this order; a normalisation at the end is left out. */
  readonly steps: readonly VectorStep[];
  /** How many numbers of a vector it keeps, from the first on; undefined: all. */
  readonly dimensions: number | undefined;
  /** Whether it scales vectors to length 1 at the end. */
  readonly normalizes: boolean;
  /** Whether a prompt before a text is pooled with it. */
  readonly poolsPrompts: boolean;
}

const modelFile = "config_sentence_transformers.json";

const moduleFields: FieldTable = {
  idx: harmless("the list is in order"),
  name: harmless("nothing is found by it"),
  path: obeyed,
  type: obeyed,
  kwargs: neutral(),
};

const transformerFields: FieldTable = {
  max_seq_length: obeyed,
  do_lower_case: neutral(false),
  transformer_task: neutral("feature-extraction"),
  module_output_name: neutral("token_embeddings"),
  modality_config: obeyed,
  model_args: obeyed,
  config_args: neutral(),
  tokenizer_args: neutral(),
  model_kwargs: obeyed,
  config_kwargs: neutral(),
  processor_kwargs: neutral(),
};

const computation = harmless("it says how the model is computed, and not what");

/** What a Transformer module may give to `from_pretrained`. */
const loadingFields: FieldTable = {
  attn_implementation: computation,
  dtype: computation,
  torch_dtype: computation,
  device_map: computation,
  low_cpu_mem_usage: computation,
  use_safetensors: harmless("only safetensors are read"),
};

const modelFields: FieldTable = {
  __version__: harmless("it says by what the folder was written"),
  model_type: neutral("SentenceTransformer"),
  prompts: harmless(
    "a prompt is applied where it is asked for by name, as the instruction of a text is here",
  ),
  default_prompt_name: obeyed,
  similarity_fn_name: harmless("it compares vectors and does not change them"),
  truncate_dim: obeyed,
};

/**
 * Reads the files of sentence-transformers that say how hidden states become vectors: `modules.json` and what it names.
 * Every module that is not in the table above, and every setting that would change vectors in another way, is refused by
 * name.
 * @param width of the hidden states
 * @returns undefined for a folder without `modules.json`
 * @throws {Problem} `config/unsupported`, and `checkpoint/…` for the weights of a module
 */
export async function findModules(source: ModelSource, width: number): Promise<Modules | undefined> {
  const root = await findJson(source, modulesFile);
  if (root === undefined) return undefined;
  const steps: VectorStep[] = [];
  for (const { kind, path } of readModules(root)) {
    const step = await afterPooling[kind](source, path);
    if (step === undefined) continue;
    if (step.kind !== "normalize") {
      if (step.inputs !== width)
        throw unusable(
          `${path}/config.json`,
          `takes vectors of ${step.inputs} numbers, but they have ${width}`,
        );
      width = step.outputs;
    }
    steps.push(step);
  }
  const dimensions = await readModel(source);
  const normalizes = steps.at(-1)?.kind === "normalize";
  return {
    steps: normalizes ? steps.slice(0, -1) : steps,
    dimensions,
    normalizes,
    poolsPrompts: await poolsPrompts(source),
    maxLength: await longestText(source),
  };
}

/**
 * Refuses a folder whose vectors go through more than pooling and a normalisation, for work that ends with the pooling.
 * @param work what would not go through them
 * @throws {Problem} `config/unsupported`
 */
export function refuseSteps(
  modules: Pick<Modules, "steps" | "poolsPrompts"> | undefined,
  work: string,
): void {
  if (modules?.poolsPrompts === false)
    throw unusable(poolingFile, `says include_prompt false, which ${work} does not do`);
  const [step] = modules?.steps ?? [];
  if (step === undefined) return;
  const names = { dense: "Dense", "layer-norm": "LayerNorm", normalize: "Normalize" };
  throw unusable(
    modulesFile,
    `puts ${names[step.kind]} after the pooling, through which ${work} does not go; without ${modulesFile} the folder is read as the model below it`,
  );
}

/** Modules that may follow the pooling; `Dropout` does nothing outside of training. */
const afterPooling = {
  Normalize: () => ({ kind: "normalize" }) as const,
  Dropout: () => undefined,
  Dense: readDense,
  LayerNorm: readLayerNorm,
} as const satisfies Record<
  string,
  (source: ModelSource, path: string) => VectorStep | undefined | Promise<VectorStep>
>;

type AfterPooling = keyof typeof afterPooling;
const isAfterPooling = (kind: string): kind is AfterPooling => Object.hasOwn(afterPooling, kind);

/** The modules after the pooling. */
function readModules(root: JsonValue): { kind: AfterPooling; path: string }[] {
  if (!Array.isArray(root)) throw unusable(modulesFile, "is not a list of modules");
  const kinds = root.map((module, place) => {
    if (!(module instanceof Map)) throw unusable(modulesFile, `holds at ${place} what is no module`);
    checkFields(module, moduleFields, (field, reason) =>
      refuseFieldOf(modulesFile)(`${place}/${field}`, reason),
    );
    return kindOf(module);
  });
  const [transformer, pooling, ...rest] = kinds;
  if (transformer?.kind !== "Transformer" || transformer.path !== "")
    throw unusable(modulesFile, "does not begin with a Transformer whose files are in the folder itself");
  if (pooling?.kind !== "Pooling" || `${pooling.path}/config.json` !== poolingFile)
    throw unusable(modulesFile, `does not go on with a Pooling in ${poolingFile}`);
  return rest.map(({ kind, path }, place) => {
    if (!isAfterPooling(kind))
      throw unusable(
        modulesFile,
        `names the module ${kind} in ${path.slice(0, 80)}, which is not computed; without ${modulesFile} the folder is read as the model below it`,
      );
    const usual = `${place + 2}_${kind}`;
    if (hasFiles(kind) && path !== usual)
      throw unusable(modulesFile, `puts the module ${kind} in ${path.slice(0, 80)}, and not in ${usual}`);
    return { kind, path };
  });
}

const hasFiles = (kind: AfterPooling): boolean => kind === "Dense" || kind === "LayerNorm";

/** Where a module of sentence-transformers itself lies; those of others may compute something else under such a name. */
const ownType = /^sentence_transformers\.(?:[\w.]+\.)?(\w+)$/;

function kindOf(module: JsonObject): { kind: string; path: string } {
  const [type, path] = [module.get("type"), module.get("path") ?? ""];
  if (typeof type !== "string" || typeof path !== "string")
    throw unusable(modulesFile, "has a module without a type or a path");
  return { kind: ownType.exec(type)?.[1] ?? type.slice(0, 80), path };
}

/**
 * Tokens at which sentence-transformers cuts texts: what its Transformer module says; else as many as config.json has positions,
 * or as tokenizer_config.json says, where that is less.
 */
async function longestText(source: ModelSource): Promise<number | undefined> {
  const stated = await readTransformer(source);
  if (stated !== undefined) return stated;
  const [config, tokenizer] = await Promise.all([
    findObject(source, "config.json", { decimals: true }),
    findObject(source, "tokenizer_config.json", { decimals: true }),
  ]);
  const limits = [config?.get("max_position_embeddings"), tokenizer?.get("model_max_length")].filter(
    (limit) => typeof limit === "number" && limit >= 1,
  ) as number[];
  return limits.length === 0 ? undefined : Math.floor(Math.min(...limits));
}

async function readTransformer(source: ModelSource): Promise<number | undefined> {
  for (const file of transformerFiles) {
    const root = await findObject(source, file);
    if (root === undefined) continue;
    const refuse = refuseFieldOf(file);
    checkFields(root, transformerFields, refuse);
    checkModalities(root, refuse);
    for (const name of ["model_args", "model_kwargs"]) {
      const given = root.get(name) ?? null;
      if (given instanceof Map)
        checkFields(given, loadingFields, (field, reason) =>
          refuse(`${name}/${field}`, `${name}: ${reason}`),
        );
      else if (given !== null) refuse(name, `${name} is not an object`);
    }
    const longest = root.get("max_seq_length") ?? null;
    if (longest === null) return undefined;
    if (typeof longest === "number" && Number.isInteger(longest) && longest > 0) return longest;
    return refuse("max_seq_length", "max_seq_length is not a number of tokens");
  }
  return undefined;
}

/** Texts go through the model as they are, and its last hidden states come out. */
function checkModalities(root: JsonObject, refuse: ReturnType<typeof refuseFieldOf>): void {
  const modalities = root.get("modality_config") ?? null;
  if (modalities === null) return;
  const text = modalities instanceof Map ? modalities.get("text") : undefined;
  const output = text instanceof Map ? (text.get("method_output_name") ?? null) : undefined;
  const method = text instanceof Map ? (text.get("method") ?? "forward") : undefined;
  if (method !== "forward" || (output !== null && output !== "last_hidden_state"))
    refuse("modality_config", "modality_config asks for another output than the last hidden states of texts");
}

/** @returns the numbers that are kept of a vector; undefined: all */
async function readModel(source: ModelSource): Promise<number | undefined> {
  const root = await findObject(source, modelFile);
  if (root === undefined) return undefined;
  const refuse = refuseFieldOf(modelFile);
  checkFields(root, modelFields, refuse);
  const name = root.get("default_prompt_name") ?? null;
  const prompts = root.get("prompts");
  const shown = JSON.stringify(name).slice(0, 80);
  const prompt = prompts instanceof Map && typeof name === "string" ? prompts.get(name) : undefined;
  // These two exist in every model of sentence-transformers, and are empty where a folder says nothing of them.
  const isEmpty = prompt === "" || ((prompt ?? null) === null && (name === "query" || name === "document"));
  if (name !== null && !isEmpty)
    refuse(
      "default_prompt_name",
      prompt === undefined
        ? `default_prompt_name is ${shown}, which prompts does not have`
        : `default_prompt_name puts the prompt ${shown} before every text, which is not done here`,
    );
  const dimensions = root.get("truncate_dim") ?? null;
  if (dimensions === null) return undefined;
  if (typeof dimensions === "number" && Number.isInteger(dimensions) && dimensions > 0) return dimensions;
  return refuse("truncate_dim", "truncate_dim is not a number of numbers");
}

/**
 * The prompts of a folder by name; none where it names none.
 * @throws {Problem} `config/unsupported` for what is not JSON
 */
export async function findPrompts(source: ModelSource): Promise<Record<string, string>> {
  const prompts = (await findObject(source, modelFile))?.get("prompts");
  if (!(prompts instanceof Map)) return {};
  const texts = [...prompts].filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}
