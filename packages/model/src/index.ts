export { openCheckpoint, type Checkpoint } from "./checkpoint/checkpoint.ts";
export { configOfLayers, parseConfig } from "./checkpoint/config.ts";
export type { ModelConfig } from "./architectures/model-config.ts";
export { modelTypes } from "./architectures/registry.ts";
export { expectedTensors } from "./architectures/tensors.ts";
export { narrow, widen } from "./checkpoint/dtype.ts";
export { parseHeader } from "./checkpoint/safetensors.ts";
export { isModelFile } from "@espalier/contract";
export { openFile } from "./files/disk.ts";
export type { ModelFiles } from "./files/model-files.ts";
export type { RangeReader } from "./files/range-reader.ts";
export { embeddingTable, loadEmbedding, type EmbeddingTable } from "./checkpoint/embedding.ts";
export { refuseNonFinite } from "./checkpoint/non-finite.ts";
export { writeSafetensors, type TensorSource } from "./checkpoint/safetensors-writer.ts";
export { truncateCheckpoint } from "./checkpoint/truncate.ts";
export {
  checkAdapter,
  findAdapter,
  readAdapter,
  replicable,
  writeAdapter,
  type LoraAdapter,
  type LoraPair,
} from "./checkpoint/adapter.ts";
export { survivingName } from "./checkpoint/surviving.ts";
export { saveLayers } from "./checkpoint/save-layers.ts";
export { mergeAdapter } from "./checkpoint/merge.ts";
export { replaceWeights } from "./checkpoint/replace.ts";
export { openModel } from "./checkpoint/open-model.ts";
export { architectureOf } from "./checkpoint/architecture.ts";
export { seenThrough } from "./architectures/direction.ts";
export type {
  Activation,
  Attention,
  FeedForward,
  Linear,
  Norm,
  Rotary,
  Residual,
} from "./architectures/model-config.ts";
export { linearLayers, ofLayers } from "./architectures/tensors.ts";
export { folderEncoding, usualEncoding } from "./folder-encoding.ts";
export { formatJson, parseJson, type JsonObject } from "./checkpoint/json.ts";
export { readHeader } from "./checkpoint/safetensors.ts";
export { formerName, layerNumbers } from "./checkpoint/surviving.ts";
