import type { Checkpoint } from "./checkpoint.ts";
import { widen } from "./dtype.ts";

/** The embedding table of a checkpoint, held as raw bytes in its own dtype and widened row by row. */
export interface EmbeddingTable {
  readonly rows: number;
  readonly width: number;
  /**
   * Rows of `ids` as fp32 [ids.length, width], into the start of `out` where it is given.
   * @throws {RangeError} for an id outside the table
   */
  gather(ids: ArrayLike<number>, out?: Float32Array): Float32Array;
}

/** Reads the embedding table once; the checkpoint may be closed afterwards. */
export async function loadEmbedding(checkpoint: Checkpoint): Promise<EmbeddingTable> {
  const { dtype, shape } = checkpoint.tensors.get("embed_tokens.weight")!;
  const [rows, width] = [shape[0]!, shape[1]!];
  const bytes = await checkpoint.readBytes("embed_tokens.weight");
  const stride = bytes.byteLength / rows;
  return {
    rows,
    width,
    gather(ids, out = new Float32Array(ids.length * width)) {
      for (let i = 0; i < ids.length; i++) {
        const id = ids[i]!;
        if (!(id >= 0 && id < rows))
          throw new RangeError(`token ${id} has no row in an embedding of ${rows}`);
        const row = bytes.subarray(id * stride, (id + 1) * stride);
        widen(row, dtype, out.subarray(i * width, (i + 1) * width));
      }
      return out;
    },
  };
}
