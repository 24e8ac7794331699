export { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
export { configOfLayers, parseConfig } from "./config.ts";
export type { ModelConfig } from "../architectures/model-config.ts";
export { modelTypes } from "../architectures/registry.ts";
export { expectedTensors } from "../architectures/tensors.ts";
export { narrow, widen, type Dtype, type WeightDtype } from "./dtype.ts";
export { parseHeader, type SafetensorsHeader, type TensorEntry } from "./safetensors.ts";
export type { StoredTensor } from "./stored-tensor.ts";
export { isModelFile } from "@espalier/contract";
export { readText, refusedFormat } from "./folder.ts";
export { embeddingTable, loadEmbedding, type EmbeddingTable } from "./embedding.ts";
export { refuseNonFinite, scanNonFinite, type NonFinite } from "./non-finite.ts";
export { writeSafetensors, type TensorSource } from "./safetensors-writer.ts";
export { truncateCheckpoint } from "./truncate.ts";
export {
  checkAdapter,
  findAdapter,
  readAdapter,
  replicable,
  writeAdapter,
  type LoraAdapter,
  type LoraPair,
} from "./adapter.ts";
export { checkKept, survives, survivingName, type KeptLayers } from "./surviving.ts";
export { saveLayers } from "./save-layers.ts";
export { checkTokenizer, maxTokenizerBytes } from "./fits.ts";
export { mergeAdapter, type MergeOptions } from "./merge.ts";
export { replaceWeights } from "./replace.ts";
export { openModelFolder } from "./model-folder.ts";
export { architectureOf } from "./architecture.ts";
