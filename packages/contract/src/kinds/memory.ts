import type { Architecture } from "../models/model.ts";
import { resolveEncoding, type Encoding } from "../models/encoding.ts";

/*
 * Memory is estimated from the settings and the config alone: the process, the weights of the layers as the engine holds them
 * (the embedding table stays in the checkpoint), activations of one chunk, and what training adds. The history of like runs
 * tells how far off it is.
 */

/** What the memory of a run depends on. `layers` may be fewer than the model was imported with. */
export type ModelSize = Pick<Architecture, "layers" | "hiddenSize" | "vocabularySize" | "parameters">;

/** Share by which a prediction may be off; what may fit is tried, and not refused. */
const predictionError = 0.15;
/** No chunk is smaller, whatever is asked for. */
export const leastChunkTokens = 16;
/** The chunk of runs that embed only. */
export const embeddingChunkTokens = 1024;

/** Node, ONNX Runtime and a tokenizer. */
const processBytes = 190e6;
/** An import or a pruning streams files: buffers, headers and a manifest. */
export const streamingBytes = 400e6;
/** Of what a layer's products make, how much a forward pass has at a time. */
const forwardOutputs = 3;
/** Engines compute in F32. */
export const bytesPerElement = 4;
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

/** Numbers that a layer's products make of a token: as many as its weights have rows, nearly. */
export const layerOutputs = (size: ModelSize): number =>
  weightBytes(size) / bytesPerElement / size.layers / size.hiddenSize;

/** Heads of the usual widths: 64 in small models, 128 in large ones. */
export const headCount = ({ hiddenSize }: ModelSize): number =>
  Math.max(1, Math.round(hiddenSize / (hiddenSize > 2048 ? 128 : 64)));

/** What of a chunk is there at a time in a forward pass, of which nothing is kept. */
const forwardBytes = (tokens: number, length: number, size: ModelSize): number =>
  tokens * bytesPerElement * (forwardOutputs * layerOutputs(size) + headCount(size) * length);

/** The prediction for a run that embeds and nothing else. */
export const embeddingBytes = (
  encoding: Encoding | undefined,
  size: ModelSize,
  chunkTokens = embeddingChunkTokens,
): number => {
  const { maxLength } = resolveEncoding(encoding);
  return Math.round(baseBytes(size) + forwardBytes(tokensAtOnce(chunkTokens, encoding), maxLength, size));
};

/**
 * The largest chunk, of at most `most` tokens, with which a run stays within a budget.
 * @param bytesWith the peak with chunks of some size
 * @returns undefined where the smallest is too large
 */
export function largestChunk(
  most: number,
  budget: number,
  bytesWith: (chunkTokens: number) => number,
): number | undefined {
  for (let tokens = most; tokens > leastChunkTokens; tokens = Math.ceil(tokens / 2))
    if (bytesWith(tokens) <= budget) return tokens;
  return bytesWith(leastChunkTokens) * (1 - predictionError) <= budget ? leastChunkTokens : undefined;
}

/** Advice for a run whose chunks are of a fixed size. */
export function embeddingAdvice(encoding: Encoding | undefined): readonly string[] {
  const { maxLength } = resolveEncoding(encoding);
  return [`lower maxLength from ${maxLength} to ${Math.max(1, Math.floor(maxLength / 2))}`];
}
