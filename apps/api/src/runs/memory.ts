import {
  resolveEncoding,
  resolveTrainingSettings,
  type Architecture,
  type Encoding,
  type RunSpec,
  type TrainingSettings,
} from "@espalier/contract";

/** Of a model: what its memory depends on. `layers` may be fewer than it was imported with. */
export type Size = Pick<Architecture, "layers" | "hiddenSize" | "vocabularySize" | "parameters">;

/** Node, ONNX Runtime and a tokenizer. */
const processBytes = 250e6;
/** An import or a pruning streams files: buffers, headers and a manifest. */
export const importBytes = 400e6;
/** Engines compute in F32. */
const bytesPerElement = 4;
/** Vectors of the hidden size that a token needs at a time in the forward pass, and for each layer until the backward pass. */
const forwardVectors = 40;
const savedVectors = 24;

/**
 * Peak of memory that a run is expected to have on each device, in bytes, before any margin. An estimate from the settings
 * and the config alone: the process, the weights of the layers as the engine holds them (the embedding table stays in the
 * checkpoint), activations of one chunk, and what training adds. How far off it is, the history of like runs tells.
 * Undefined: nothing is known of the model yet.
 */
export function predictMemory(spec: RunSpec, size: Size | undefined): number | undefined {
  if (spec.kind === "import" || spec.kind === "prune") return importBytes;
  if (size === undefined) return undefined;
  const table = size.vocabularySize * size.hiddenSize;
  const weights = Math.max(0, size.parameters - table) * bytesPerElement;
  const base = processBytes + weights;
  switch (spec.kind) {
    case "search":
    case "evaluate":
      return Math.round(base + forwardVectors * vector(size) * tokensOf(1024, spec.encoding));
    case "export":
      // The merged model is written while the one that it is compared with computes.
      return Math.round(base + weights + table * bytesPerElement);
    case "train":
      // One session computes forward, another forward and back.
      return Math.round(base + weights + trainingBytes(spec, size, weights));
  }
}

const vector = ({ hiddenSize }: Size): number => hiddenSize * bytesPerElement;

/** A chunk holds at least one text, however long. */
const tokensOf = (chunkTokens: number, encoding: Encoding | undefined): number =>
  Math.max(chunkTokens, resolveEncoding(encoding).maxLength);

function trainingBytes(
  { settings, mode, encoding }: Extract<RunSpec, { kind: "train" }>,
  size: Size,
  weights: number,
): number {
  const resolved: TrainingSettings & { chunkTokens: number; loraRank: number } = resolveTrainingSettings(
    settings,
    mode,
  );
  const saved = tokensOf(resolved.chunkTokens, encoding) * size.layers * savedVectors * vector(size);
  // Gradients and both moments of AdamW, and for an adapter its weights: on seven matrices of a layer, each with two sides.
  const trained =
    resolved.method === "full" ? 3 * weights : 4 * 7 * 2 * resolved.loraRank * size.layers * 2 * vector(size);
  return saved + trained;
}
