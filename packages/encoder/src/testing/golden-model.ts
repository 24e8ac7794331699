import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Mode } from "@espalier/contract";
import { expectedTensors, formatJson, type ModelConfig, narrow, writeSafetensors } from "@espalier/model";
import { loraShapes } from "../training/lora.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { embeddingOf, letterTokenizer, letterTokenizerJson } from "./tiny-encoder.ts";

/** The numbers that `tools/oracle/architectures/cases.py` fills tensors with: in [−1/2, 1/2), exact in fp32. */
function goldenNumbers(name: string, count: number): Float32Array {
  let state = crc32(name);
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  });
}

/** The model that the oracle built from the same config. */
export function goldenModel(config: ModelConfig): LoadedModel {
  const weights = new Map(
    [...expectedTensors(config)].map(([name, shape]) => [
      name,
      { data: goldenWeight(name, shape, config), shape },
    ]),
  );
  return { config, weights, tokenizer: letterTokenizer(), embedding: embeddingOf(config, weights) };
}

/** Writes that model as a folder in fp32, its names with the prefix of a model with a head. */
export async function writeGoldenModel(directory: string, config: ModelConfig): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "config.json"), formatJson(new Map(config.source), config.spellings));
  await writeFile(join(directory, "tokenizer.json"), letterTokenizerJson);
  // Some classes that an architecture has by default would put tokens around a text that these letters do not have.
  await writeFile(
    join(directory, "tokenizer_config.json"),
    '{ "tokenizer_class": "PreTrainedTokenizerFast" }',
  );
  const tensors = [...expectedTensors(config)].map(([name, shape]) => ({
    name: config.naming.prefix + name,
    dtype: "F32" as const,
    shape,
    chunks: () => [narrow(goldenWeight(name, shape, config), "F32")],
  }));
  await writeSafetensors(join(directory, "model.safetensors"), tensors);
}

/** The weight of a tensor, by its name and shape. */
export function goldenWeight(
  name: string,
  shape: readonly number[],
  config: { readonly finalNorm?: ModelConfig["finalNorm"] | undefined } = {},
): Float32Array {
  const values = goldenNumbers(
    name,
    shape.reduce((product, size) => product * size, 1),
  );
  if (shape.length === 2) return values.map((v) => v * (name.includes("embed") ? 2 : 0.5));
  if (name.endsWith(".bias")) return values.map((v) => v * 0.25);
  const around = config.finalNorm?.kind === "rms-offset" ? 0 : 1;
  return values.map((v) => v * 0.5 + around);
}

/** The adapter that the oracle started from. */
export const goldenFactors = (config: ModelConfig, rank: number, mode?: Mode): Map<string, Float32Array> =>
  new Map(
    [...loraShapes(config, rank, mode)].map(([name, [rows, columns]]) => [
      name,
      goldenNumbers(name, rows! * columns!).map((v) => v * 0.25),
    ]),
  );

/** Norm of a tensor, and its product with fixed numbers. */
export function goldenProbe(name: string, values: Float32Array): [norm: number, product: number] {
  const by = goldenNumbers(`probe ${name}`, values.length);
  return [Math.hypot(...values), values.reduce((sum, value, i) => sum + value * by[i]!, 0)];
}
