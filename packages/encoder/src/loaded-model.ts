import { join } from "node:path";
import type { KeptLayers } from "@espalier/contract";
import type { WeightSource } from "@espalier/tensor";
import {
  type Checkpoint,
  type EmbeddingTable,
  layerNumbers,
  loadEmbedding,
  type ModelConfig,
  ofLayers,
  openCheckpoint,
  survivingName,
} from "@espalier/model";
import { loadTokenizer, type Tokenizer } from "@espalier/model/tokenizer";

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
  /** What its user should know once of the files, in full sentences. @default nothing */
  readonly remarks?: readonly string[];
  /** Which layers of the folder it has. @default all */
  readonly kept?: KeptLayers;
}

/**
 * Opens a Hugging Face folder: `config.json`, safetensors, `tokenizer.json` and, where there is one,
 * `tokenizer_config.json`.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function loadModel(directory: string): Promise<LoadedModel> {
  const checkpoint = await openCheckpoint(directory);
  try {
    const tokenizer = await loadTokenizer(directory);
    return {
      config: checkpoint.config,
      tokenizer,
      embedding: await loadEmbedding(checkpoint),
      weights: checkpointWeights(directory, checkpoint),
      directory,
      remarks: [...checkpoint.remarks, ...tokenizer.remarks],
    };
  } finally {
    await checkpoint.close();
  }
}

/** The model of some of its layers, renumbered; everything loaded is shared. */
export function keptLayersOf(model: LoadedModel, kept: KeptLayers): LoadedModel {
  const { config } = model;
  const weights = renamed(model.weights, (name) => survivingName(name, kept, config));
  const before = layerNumbers(model.kept ?? config.layers);
  return {
    ...model,
    config: ofLayers(config, kept),
    weights,
    kept:
      typeof kept === "number" && typeof model.kept !== "object"
        ? kept
        : layerNumbers(kept).map((i) => before[i]!),
  };
}

/** A map under other names; without those that have none. */
export function renamed<Value>(
  map: ReadonlyMap<string, Value>,
  rename: (name: string) => string | undefined,
): Map<string, Value> {
  const result = new Map<string, Value>();
  for (const [name, value] of map) {
    const other = rename(name);
    if (other !== undefined) result.set(other, value);
  }
  return result;
}

/** Where an engine finds a checkpoint's weights. */
function checkpointWeights(directory: string, { tensors }: Checkpoint): Map<string, WeightSource> {
  return new Map(
    [...tensors].map(([name, { file, dtype, shape, offset, bytes }]) => [
      name,
      { file: join(directory, file), offset, bytes, dtype, shape },
    ]),
  );
}
