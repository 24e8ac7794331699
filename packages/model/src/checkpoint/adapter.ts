import { Problem } from "@espalier/contract";
import { filesOf, findText, missing, readText, type ModelSource } from "../files/read-text.ts";
import { join } from "node:path";
import { adapterConfigFile as configFile, parseAdapterConfig, type AdapterConfig } from "./adapter-config.ts";
import { isWeightDtype, narrow, widen } from "./dtype.ts";
import { writeDurably } from "./durable.ts";
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
  /** Numbers of the base's layers that it is on; `pairs` count these. @default all */
  readonly layers?: readonly number[];
}

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

function refuse(message: string, facts: { tensor?: string }): never {
  throw new Problem("checkpoint/malformed", message, { file: weightsFile, ...facts });
}

/**
 * Reads `adapter_config.json` and `adapter_model.safetensors` of a folder. Products of other ranks or factors than the
 * adapter's, which patterns of names can give them, are brought to these. What merges differently (DoRA, biases,
 * a base that was changed) is refused by name.
 */
export async function readAdapter(source: ModelSource): Promise<LoraAdapter> {
  return readFactors(source, parseAdapterConfig(await readText(source, configFile, maxConfigBytes)));
}

async function readFactors(source: ModelSource, config: AdapterConfig): Promise<LoraAdapter> {
  const factors = new Map<string, { a?: Factor; b?: Factor; named: string }>();
  const file = await filesOf(source).open(weightsFile);
  if (file === undefined) throw await missing(source, weightsFile);
  try {
    for (const { name, dtype, shape, offset, bytes } of (await readHeader(file)).tensors.values()) {
      if (config.isHead(name)) continue;
      const [, layer, factor] =
        keyPattern.exec(name) ?? refuse(`"${name}" is not a factor of a LoRA adapter`, { tensor: name });
      if (!isWeightDtype(dtype) || shape.length !== 2)
        refuse(`"${name}" is not a matrix of floats`, { tensor: name });
      if (!config.targets(layer!))
        refuse(`"${name}" adapts a layer that ${configFile} does not choose; PEFT would leave it out`, {
          tensor: name,
        });
      const raw = await file.read(offset, bytes);
      if (raw.byteLength < bytes)
        refuse(`the file ended while "${name}" was read; it changed`, { tensor: name });
      const key = layer!.replace(headPrefix, "");
      const pair = factors.get(key) ?? { named: layer! };
      pair[factor === "A" ? "a" : "b"] = { values: widen(raw, dtype), rows: shape[0]!, columns: shape[1]! };
      factors.set(key, pair);
    }
  } finally {
    await file.close();
  }
  const products = new Map<string, Product>();
  for (const [layer, { a, b, named }] of factors) {
    if (a === undefined || b === undefined)
      refuse(`"${layer}" has only one of its two factors`, { tensor: layer });
    const { rank, scale } = config.productOf(named);
    if (a.rows !== rank || b.columns !== rank)
      refuse(`"${layer}" does not have rank ${rank}`, { tensor: layer });
    products.set(layer, { a: a.values, b: b.values, inputs: a.columns, outputs: b.rows, rank, scale });
  }
  return { ...ofOneRank(products, config), ...(config.layers && { layers: config.layers }) };
}

interface Product extends LoraPair {
  readonly rank: number;
  readonly scale: number;
}

/** Products of one rank and one factor: smaller ones are filled up with zeros, and factors go into B. */
function ofOneRank(
  products: ReadonlyMap<string, Product>,
  { rank, alpha }: Pick<AdapterConfig, "rank" | "alpha">,
): LoraAdapter {
  const all = [...products];
  const most = Math.max(rank, ...all.map(([, product]) => product.rank));
  const factor = alpha / rank;
  return {
    rank: most,
    alpha: most === rank ? alpha : factor * most,
    pairs: new Map(
      all.map(([layer, { a, b, inputs, outputs, rank: own, scale }]): [string, LoraPair] => {
        if (own === most && scale === factor) return [layer, { a, b, inputs, outputs }];
        const [wideA, wideB] = [new Float32Array(most * inputs), new Float32Array(outputs * most)];
        wideA.set(a);
        for (let row = 0; row < outputs; row++)
          for (let k = 0; k < own; k++) wideB[row * most + k] = (b[row * own + k]! * scale) / factor;
        return [layer, { a: wideA, b: wideB, inputs, outputs }];
      }),
    ),
  };
}

interface Factor {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

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
