import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  leastRoundedParity,
  type Parity,
  type Pooling,
  type ResolvedEncoding,
  type RoundedParity,
} from "@espalier/contract";
import { featureExtractor, parityOf, parityTexts, type LoadedModel } from "@espalier/encoder";
import type { Template } from "@espalier/model/tokenizer";
import { writeOnnxFile } from "@espalier/onnx";
import { onnxVectors } from "./onnx-vectors.ts";

export interface OnnxExport {
  /** Vectors of {@link parityTexts} by the model that was trained. */
  readonly trained: readonly Float32Array[];
  readonly encoding: Omit<ResolvedEncoding, "template"> & { readonly template: Template };
  /** Of the output `sentence_embedding`, where the graph is to have one. */
  readonly pooling?: Pooling | undefined;
  /** Default: one for each core. */
  readonly threads?: number | undefined;
}

export interface OnnxFiles {
  /** Names in the folder. */
  readonly files: readonly string[];
  readonly parity: Parity;
  readonly int8: RoundedParity;
}

/**
 * Writes `model.onnx` and `model_quantized.onnx`, the names by which transformers.js finds them, and embeds texts with
 * both. The one in 8 bits is removed again where its vectors are not those of the trained model.
 */
export async function writeOnnxFiles(
  folder: string,
  model: LoadedModel,
  { trained, encoding, pooling, threads }: OnnxExport,
): Promise<OnnxFiles> {
  const write = async (name: string, precision: "float32" | "int8") => {
    const { outputs, tables } = featureExtractor(model.config, encoding.maxLength, pooling);
    const path = join(folder, name);
    const weights = new Map([...model.weights, ...tables]);
    const files = await writeOnnxFile(path, { outputs, weights, precision });
    return {
      files,
      parity: parityOf(trained, await onnxVectors(path, parityTexts, model, encoding, threads)),
    };
  };
  const floats = await write("model.onnx", "float32");
  const rounded = await write("model_quantized.onnx", "int8");
  // Not a number is refused too.
  if (rounded.parity.least >= leastRoundedParity)
    return { files: [...floats.files, ...rounded.files], parity: floats.parity, int8: rounded.parity };
  await Promise.all(rounded.files.map((name) => rm(join(folder, name))));
  return { files: floats.files, parity: floats.parity, int8: { ...rounded.parity, refused: true } };
}

/** What users of a folder without a file in 8 bits should know. */
export const withoutEightBits = ({ texts, least }: RoundedParity): string =>
  `The ONNX file in 8 bits is left out: its worst cosine with the trained model over ${texts} texts is ${least.toFixed(4)}, and ${leastRoundedParity} is demanded. A few weights of this model are much larger than those beside them, which 8 bits cannot hold together. Use onnx/model.onnx, which transformers.js now takes by itself, or, where the file must be small, the format safetensors with dtype F16 or BF16.`;
