import { Problem } from "@espalier/contract";
import type { Block, ModelConfig } from "../architectures/model-config.ts";
import { filesOf, findText, readText, type ModelSource } from "../files/read-text.ts";
import { join } from "node:path";
import { isWeightDtype, narrow, widen } from "./dtype.ts";
import { writeDurably } from "./durable.ts";
import { JsonError, parseJson, type JsonValue } from "./json.ts";
import { readHeader } from "./safetensors.ts";
import { writeSafetensors } from "./safetensors-writer.ts";

/** The two factors of one adapted matrix W [out, in]: W + scale B A. Row-major fp32. */
export interface LoraPair {
  /** A [rank, in] */
  readonly a: Float32Array;
  /** B [out, rank] */
  readonly b: Float32Array;
  readonly inputs: number;
  readonly outputs: number;
}

/** A LoRA adapter (Hu et al. 2021, arXiv:2106.09685), as PEFT stores it. */
export interface LoraAdapter {
  readonly rank: number;
  readonly alpha: number;
  /** By the linear layer that they adapt: `layers.0.self_attn.q_proj`. */
  readonly pairs: ReadonlyMap<string, LoraPair>;
}

const configFile = "adapter_config.json";
const maxConfigBytes = 1024 * 1024;
const weightsFile = "adapter_model.safetensors";
/** A model with a head names its layers with one of these before. */
const headPrefix = /^(?:model|bert|roberta)\./;
const keyPattern = /^base_model\.model\.(.+)\.lora_(A|B)(?:\.default)?\.weight$/;

/** The adapter of a model folder that holds one beside its base, as a trained model does. */
export async function findAdapter(source: ModelSource): Promise<LoraAdapter | undefined> {
  const config = await findText(source, configFile, maxConfigBytes);
  return config === undefined ? undefined : readFactors(source, parseAdapterConfig(config));
}

/**
 * Refuses an adapter with a matrix that the model does not have in this shape.
 * @param weights of the model, by name without prefix
 * @throws {Problem} `checkpoint/incomplete` naming the tensor
 */
export function checkAdapter(
  weights: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  { pairs }: LoraAdapter,
): void {
  for (const [layer, { inputs, outputs }] of pairs) {
    const shape = weights.get(`${layer}.weight`)?.shape;
    if (shape?.length === 2 && shape[0] === outputs && shape[1] === inputs) continue;
    const found = shape === undefined ? "does not have" : `has as [${shape.join(", ")}]`;
    throw new Problem(
      "checkpoint/incomplete",
      `the adapter changes "${layer}" [${outputs}, ${inputs}], which the model ${found}`,
      { tensor: `${layer}.weight` },
    );
  }
}

function refuse(
  message: string,
  facts: { tensor?: string; field?: string; byte?: number },
  file = weightsFile,
): never {
  throw new Problem("checkpoint/malformed", message, { file, ...facts });
}

/**
 * Reads `adapter_config.json` and `adapter_model.safetensors` of a folder. Plain LoRA without bias only: variants that
 * merge differently (DoRA, rsLoRA, patterns of ranks) are refused by name.
 */
export async function readAdapter(source: ModelSource): Promise<LoraAdapter> {
  return readFactors(source, parseAdapterConfig(await readText(source, configFile, maxConfigBytes)));
}

async function readFactors(source: ModelSource, config: AdapterConfig): Promise<LoraAdapter> {
  const factors = new Map<string, { a?: Factor; b?: Factor }>();
  const file = await filesOf(source).open(weightsFile);
  if (file === undefined)
    throw new Problem("checkpoint/incomplete", `${weightsFile} is missing`, { file: weightsFile });
  try {
    for (const { name, dtype, shape, offset, bytes } of (await readHeader(file)).tensors.values()) {
      const [, layer, factor] =
        keyPattern.exec(name) ?? refuse(`"${name}" is not a factor of a LoRA adapter`, { tensor: name });
      if (!isWeightDtype(dtype) || shape.length !== 2)
        refuse(`"${name}" is not a matrix of floats`, { tensor: name });
      const raw = await file.read(offset, bytes);
      if (raw.byteLength < bytes)
        refuse(`the file ended while "${name}" was read; it changed`, { tensor: name });
      const key = layer!.replace(headPrefix, "");
      const pair = factors.get(key) ?? {};
      pair[factor === "A" ? "a" : "b"] = { values: widen(raw, dtype), rows: shape[0]!, columns: shape[1]! };
      factors.set(key, pair);
    }
  } finally {
    await file.close();
  }
  const pairs = new Map<string, LoraPair>();
  for (const [layer, { a, b }] of factors) {
    if (a === undefined || b === undefined)
      refuse(`"${layer}" has only one of its two factors`, { tensor: layer });
    if (a.rows !== config.rank || b.columns !== config.rank)
      refuse(`"${layer}" does not have rank ${config.rank}`, { tensor: layer });
    pairs.set(layer, { a: a.values, b: b.values, inputs: a.columns, outputs: b.rows });
  }
  return { ...config, pairs };
}

interface Factor {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

type AdapterConfig = Pick<LoraAdapter, "rank" | "alpha">;

function parseAdapterConfig(text: string): AdapterConfig {
  let root: JsonValue;
  try {
    root = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    refuse(`${configFile} is not valid JSON: ${error.message}`, {}, configFile);
  }
  if (!(root instanceof Map)) refuse(`${configFile} is not a JSON object`, {}, configFile);
  const plain: readonly (readonly [key: string, allowed: readonly JsonValue[]])[] = [
    ["peft_type", ["LORA"]],
    ["use_rslora", [false, null]],
    ["use_dora", [false, null]],
    ["bias", ["none", null]],
    ["fan_in_fan_out", [false, null]],
    ["modules_to_save", [null]],
  ];
  for (const [key, allowed] of plain) {
    const value = root.get(key) ?? null;
    if (allowed.includes(value) || isEmpty(value)) continue;
    throw new Problem(
      "config/unsupported",
      `${key} of the adapter is ${JSON.stringify(value)}; plain LoRA is supported`,
      {
        file: configFile,
        field: `/${key}`,
      },
    );
  }
  for (const key of ["rank_pattern", "alpha_pattern"]) {
    if (isEmpty(root.get(key) ?? null) || (root.get(key) ?? null) === null) continue;
    throw new Problem("config/unsupported", `${key} of the adapter is not supported`, {
      file: configFile,
      field: `/${key}`,
    });
  }
  const rank = root.get("r");
  const alpha = root.get("lora_alpha");
  if (typeof rank !== "number" || !Number.isInteger(rank) || rank < 1)
    refuse("r is not a rank", { field: "/r" }, configFile);
  if (typeof alpha !== "number") refuse("lora_alpha is not a number", { field: "/lora_alpha" }, configFile);
  return { rank, alpha };
}

const isEmpty = (value: JsonValue): boolean =>
  (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);

/** The model that PEFT is to put an adapter on. */
export interface AdapterBase {
  /** Its name or path. */
  readonly name: string;
  /** Numbers of the layers that the adapter was trained on; PEFT takes the others out. @default all */
  readonly layers?: readonly number[] | undefined;
}

/**
 * Writes an adapter as PEFT reads it: `PeftModel.from_pretrained(AutoModel.from_pretrained(base), directory)`.
 * Factors are stored in F32.
 */
export async function writeAdapter(
  directory: string,
  adapter: LoraAdapter,
  base: AdapterBase,
): Promise<void> {
  const tensors = [...adapter.pairs].flatMap(([layer, { a, b, inputs, outputs }]) => [
    factorSource(layer, "A", a, [adapter.rank, inputs]),
    factorSource(layer, "B", b, [outputs, adapter.rank]),
  ]);
  await writeSafetensors(join(directory, weightsFile), tensors);
  const targets = new Set([...adapter.pairs.keys()].map(targetName));
  const config = {
    peft_type: "LORA",
    task_type: "FEATURE_EXTRACTION",
    base_model_name_or_path: base.name,
    r: adapter.rank,
    lora_alpha: adapter.alpha,
    lora_dropout: 0,
    target_modules: [...targets].sort(),
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    use_rslora: false,
    use_dora: false,
    modules_to_save: null,
    ...(base.layers === undefined ? {} : { layer_replication: rangesOf(base.layers) }),
  };
  await writeDurably(join(directory, configFile), (file) =>
    file.writeFile(`${JSON.stringify(config, null, 2)}\n`),
  );
}

/**
 * Whether PEFT can make a model of these layers: it moves their weights, while windows and positions stay where the
 * config has them.
 */
export function replicable({ blocks }: ModelConfig, layers: readonly number[]): boolean {
  const where = ({ attention: { window, rotary } }: Block) => `${window} ${rotary}`;
  return layers.every((layer, place) => where(blocks[layer]!) === where(blocks[place]!));
}

/** Rising numbers as half-open ranges: 0, 1, 2, 5 are [0, 3) and [5, 6). */
function rangesOf(numbers: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last?.[1] === number) last[1] = number + 1;
    else ranges.push([number, number + 1]);
  }
  return ranges;
}

/** What PEFT finds a linear layer by: the end of its name, long enough to leave BERT's pooler alone. */
function targetName(layer: string): string {
  const parts = layer.split(".");
  return parts.slice(parts.at(-1) === "dense" ? -2 : -1).join(".");
}

function factorSource(layer: string, factor: "A" | "B", values: Float32Array, shape: readonly number[]) {
  return {
    name: `base_model.model.${layer}.lora_${factor}.weight`,
    dtype: "F32",
    shape,
    chunks: () => [narrow(values, "F32")],
  } as const;
}
