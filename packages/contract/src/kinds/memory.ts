import type { Architecture } from "../models/model.ts";
import { resolveEncoding, type Encoding } from "../models/encoding.ts";

/*
 * Memory is estimated from the settings and the config alone: the process, the weights of the layers as the engine holds them
 * (the embedding table stays in the checkpoint), activations of one chunk, and what training adds. The history of like runs
 * tells how far off it is.
 */

/** What the memory of a run depends on. `layers` may be fewer than the model was imported with. */
export type ModelSize = Pick<Architecture, "layers" | "hiddenSize" | "vocabularySize" | "parameters">;

/** No chunk is smaller, whatever is asked for. */
export const leastChunkTokens = 16;
/** The chunk of runs that embed only. */
export const embeddingChunkTokens = 1024;

/** Node, ONNX Runtime and a tokenizer. */
const processBytes = 250e6;
/** An import or a pruning streams files: buffers, headers and a manifest. */
export const streamingBytes = 400e6;
/** Engines compute in F32. */
const bytesPerElement = 4;
/** Vectors of the hidden size that a token needs at a time in the forward pass. */
const forwardVectors = 40;

export const tableBytes = ({ vocabularySize, hiddenSize }: ModelSize): number =>
  vocabularySize * hiddenSize * bytesPerElement;

/** Bytes of the weights that the engine holds. */
export const weightBytes = (size: ModelSize): number =>
  Math.max(0, size.parameters * bytesPerElement - tableBytes(size));

/** What every run holds that computes: the process and the weights. */
export const baseBytes = (size: ModelSize): number => processBytes + weightBytes(size);

/** One vector of the hidden size. */
export const vectorBytes = ({ hiddenSize }: ModelSize): number => hiddenSize * bytesPerElement;

/** A chunk holds at least one text, however long. */
export const tokensAtOnce = (chunkTokens: number, encoding: Encoding | undefined): number =>
  Math.max(chunkTokens, resolveEncoding(encoding).maxLength);

/** The prediction for a run that embeds and nothing else. */
export const embeddingBytes = (encoding: Encoding | undefined, size: ModelSize): number =>
  Math.round(
    baseBytes(size) + forwardVectors * vectorBytes(size) * tokensAtOnce(embeddingChunkTokens, encoding),
  );

/** Advice for a run whose chunks are of a fixed size. */
export function embeddingAdvice(encoding: Encoding | undefined): readonly string[] {
  const { maxLength } = resolveEncoding(encoding);
  return [`lower maxLength from ${maxLength} to ${Math.max(1, Math.floor(maxLength / 2))}`];
}
