import { keptLayers, type Encoding, type KeptLayers } from "@espalier/contract";
import { seenThrough } from "../architectures/direction.ts";
import type { ModelSource } from "../files/read-text.ts";
import { checkAdapter, type LoraAdapter, type LoraPair } from "./adapter.ts";
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { copyOf, writeDerived, type WrittenBytes } from "./checkpoint-writer.ts";
import { configOfEncoder } from "./config.ts";
import { narrow, widen, type WeightDtype } from "./dtype.ts";
import type { TensorSource } from "./safetensors-writer.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { survivingName } from "./surviving.ts";

export interface MergeOptions {
  /** Dtype of every weight written. @default that of each stored weight */
  readonly dtype?: WeightDtype | undefined;
  /** Most bytes of a file of weights. @default as many files as the source has */
  readonly shardBytes?: number | undefined;
  /** Which layers to write. @default all */
  readonly layers?: KeptLayers | undefined;
  /** What the config is to say of the direction. @default what it says */
  readonly attention?: Encoding["attention"] | undefined;
  readonly onBytes?: WrittenBytes | undefined;
}

/** Rows that are in memory at a time hold about this many values. */
const blockValues = 1024 * 1024;

/**
 * Merges a LoRA adapter into the checkpoint `source` and writes the result to the new folder `target`: each adapted
 * matrix becomes W + (alpha / rank) B A, computed in fp32 and rounded once. Streams block by block.
 *
 * The result is an encoder: names without prefix, no output head, architecture `LlamaModel` or its like. This is the form that
 * `AutoModel`, sentence-transformers and text-embeddings-inference read.
 * @throws {Problem} `checkpoint/incomplete` when the adapter is of another model, `layers/out-of-range` for layers that
 * the model does not have
 */
export async function mergeAdapter(
  source: ModelSource,
  adapter: LoraAdapter,
  target: string,
  { dtype, shardBytes, layers, attention, onBytes }: MergeOptions = {},
): Promise<void> {
  const checkpoint = await openCheckpoint(source);
  try {
    const { config, tensors } = checkpoint;
    const kept = keptLayers(layers ?? config.layers, config.layers);
    checkAdapter(tensors, adapter);
    const scale = adapter.alpha / adapter.rank;
    await writeDerived(checkpoint, target, {
      config: configOfEncoder(seenThrough(config, attention), dtype, kept),
      shardBytes,
      onBytes,
      sourceOf(key, stored) {
        const name = config.naming.carried.test(key) ? undefined : survivingName(key, kept, config);
        if (name === undefined) return undefined;
        const pair = adapter.pairs.get(key.slice(0, -".weight".length));
        if (pair === undefined && (dtype ?? stored.dtype) === stored.dtype)
          return copyOf(checkpoint, key, name);
        return { ...merged(checkpoint, key, stored, pair, scale, dtype ?? stored.dtype), name };
      },
    });
  } finally {
    await checkpoint.close();
  }
}

function merged(
  checkpoint: Checkpoint,
  key: string,
  { dtype: stored, shape, bytes }: StoredTensor,
  pair: LoraPair | undefined,
  scale: number,
  dtype: WeightDtype,
): TensorSource {
  const rows = shape[0]!;
  const stride = bytes / rows;
  const step = Math.max(1, Math.floor((blockValues * rows * 2) / bytes));
  return {
    name: key,
    dtype,
    shape,
    async *chunks() {
      for (let from = 0; from < rows; from += step) {
        const to = Math.min(rows, from + step);
        const block = widen(
          await checkpoint.readBytes(key, { from: from * stride, to: to * stride }),
          stored,
        );
        if (pair !== undefined) addProduct(block, pair, from, to, scale);
        yield narrow(block, dtype);
      }
    },
  };
}

/** Adds rows [from, to) of scale B A to `block`; sums in double precision, so that only the last step rounds. */
function addProduct(
  block: Float32Array,
  { a, b, inputs, outputs }: LoraPair,
  from: number,
  to: number,
  scale: number,
): void {
  const rank = b.length / outputs;
  const delta = new Float64Array(inputs);
  for (let row = from; row < to; row++) {
    delta.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[row * rank + k]!;
      for (let i = 0; i < inputs; i++) delta[i]! += factor * a[k * inputs + i]!;
    }
    const start = (row - from) * inputs;
    for (let i = 0; i < inputs; i++) block[start + i]! += delta[i]!;
  }
}
