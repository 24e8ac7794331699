// A model and its parts.
export type {
  Activation,
  Attention,
  FeedForward,
  Linear,
  ModelConfig,
  Norm,
  Residual,
  Rotary,
} from "./architectures/model-config.ts";
export { seenThrough } from "./architectures/direction.ts";
export { fieldsOf } from "./architectures/config-table.ts";
export { modelTypes } from "./architectures/registry.ts";
export { expectedTensors, linearLayers, ofLayers } from "./architectures/tensors.ts";

// Its files, wherever they lie.
export { openFile, listModuleFiles, listOthers } from "./files/disk.ts";
export type { ModelFiles } from "./files/model-files.ts";
export type { ModelSource } from "./files/read-text.ts";
export type { RangeReader } from "./files/range-reader.ts";

// Reading them.
export { architectureOf } from "./checkpoint/architecture.ts";
export { openCheckpoint, type Checkpoint } from "./checkpoint/checkpoint.ts";
export { configOfLayers, parseConfig } from "./checkpoint/config.ts";
export { embeddingTable, loadEmbedding, type EmbeddingTable } from "./checkpoint/embedding.ts";
export { formatJson, parseJson, type JsonObject } from "./checkpoint/json.ts";
export { refuseNonFinite } from "./checkpoint/non-finite.ts";
export { openModel } from "./checkpoint/open-model.ts";
export { parseHeader, readHeader } from "./checkpoint/safetensors.ts";
export type { VectorStep } from "./modules/dense.ts";
export { findModules, findPrompts, refuseSteps } from "./modules/modules.ts";
export { findRecord, writeRecord } from "./modules/record.ts";
export { folderEncoding, usualEncoding } from "./folder-encoding.ts";

// Writing others that are made from them.
export { formerName, layerNumbers, survivingName } from "./checkpoint/surviving.ts";
export { adaptedDepth, onBase, replicable } from "./checkpoint/adapted-base.ts";
export {
  checkAdapter,
  findAdapter,
  readAdapter,
  writeAdapter,
  type LoraAdapter,
  type LoraPair,
} from "./checkpoint/adapter.ts";
export { narrow, widen } from "./checkpoint/dtype.ts";
export { rewrittenTokenizer } from "./tokenizer-files/rewritten.ts";
export { checkNewFolder } from "./checkpoint/durable.ts";
export { mergeAdapter } from "./checkpoint/merge.ts";
export { replaceWeights } from "./checkpoint/replace.ts";
export { writeSafetensors, type TensorSource } from "./checkpoint/safetensors-writer.ts";
export { saveLayers } from "./checkpoint/save-layers.ts";
export { trimVocabulary, type CorpusText } from "./vocabulary/trim-vocabulary.ts";
export { truncateCheckpoint } from "./checkpoint/truncate.ts";
