import { join } from "node:path";
import type { WeightSource } from "@espalier/graph";
import type { ModelConfig } from "./architectures/model-config.ts";
import { ofDepth } from "./architectures/tensors.ts";
import {
  loadEmbedding,
  openCheckpoint,
  survives,
  type Checkpoint,
  type EmbeddingTable,
} from "./checkpoint/index.ts";
import { loadTokenizer, type Tokenizer } from "./tokenizer.ts";

/** A model that is ready to be put into graphs: its weights stay in their files until an engine reads them. */
export interface LoadedModel {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Rows are gathered here, outside the graph: the tables need not be on the device. */
  readonly embedding: EmbeddingTable;
  /** By name without prefix. The files must stay while an engine opens graphs with them. */
  readonly weights: ReadonlyMap<string, WeightSource>;
  /** The folder that it was loaded from, which may hold more layers; none for a model that was made in memory. */
  readonly directory?: string;
}

/**
 * Opens a Hugging Face folder: `config.json`, safetensors, `tokenizer.json` and, where there is one,
 * `tokenizer_config.json`.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function loadModel(directory: string): Promise<LoadedModel> {
  const checkpoint = await openCheckpoint(directory);
  try {
    return {
      config: checkpoint.config,
      tokenizer: await loadTokenizer(directory),
      embedding: await loadEmbedding(checkpoint),
      weights: checkpointWeights(checkpoint),
      directory,
    };
  } finally {
    await checkpoint.close();
  }
}

/** The model of the first `layers` layers, which are fewer than it has or all; everything loaded is shared. */
export function firstLayers(model: LoadedModel, layers: number): LoadedModel {
  const weights = new Map([...model.weights].filter(([name]) => survives(name, layers, model.config)));
  return { ...model, config: ofDepth(model.config, layers), weights };
}

/** Where an engine finds a checkpoint's weights. */
function checkpointWeights({ directory, tensors }: Checkpoint): Map<string, WeightSource> {
  return new Map(
    [...tensors].map(([name, { file, dtype, shape, offset, bytes }]) => [
      name,
      { file: join(directory, file), offset, bytes, dtype, shape },
    ]),
  );
}
