import type { Checkpoint } from "./checkpoint.ts";
import { widen } from "./dtype.ts";

/**
 * What the tokens of a text become before the first layer and its norm. Tables are held as raw bytes in their own dtype
 * and widened row by row.
 */
export interface EmbeddingTable {
  /** Different tokens. */
  readonly rows: number;
  readonly width: number;
  /**
   * Vectors of the tokens `ids` of one text as fp32 [ids.length, width], into the start of `out` where it is given.
   * @throws {RangeError} for an id outside the table, or more ids than there are positions
   */
  gather(ids: ArrayLike<number>, out?: Float32Array): Float32Array;
}

/** Reads the tables once; the checkpoint may be closed afterwards. */
export async function loadEmbedding(checkpoint: Checkpoint): Promise<EmbeddingTable> {
  const { table, scale, positions, tokenTypes } = checkpoint.config.embedding;
  const words = await loadRows(checkpoint, table);
  const { width } = words;
  const places = positions && (await loadRows(checkpoint, positions.table));
  const types = tokenTypes && (await loadRows(checkpoint, tokenTypes.table));
  const type = types?.add(0, new Float32Array(width));
  return {
    rows: words.rows,
    width,
    gather(ids, out = new Float32Array(ids.length * width)) {
      out.subarray(0, ids.length * width).fill(0);
      for (let i = 0; i < ids.length; i++) {
        const vector = out.subarray(i * width, (i + 1) * width);
        words.add(ids[i]!, vector);
        if (scale !== 1) for (let k = 0; k < width; k++) vector[k]! *= scale;
        if (places && positions) places.add(positions.first + i, vector);
        if (type) for (let k = 0; k < width; k++) vector[k]! += type[k]!;
      }
      return out;
    },
  };
}

interface Rows {
  readonly rows: number;
  readonly width: number;
  /** Adds a row to `vector`, which it returns. */
  add(row: number, vector: Float32Array): Float32Array;
}

async function loadRows(checkpoint: Checkpoint, name: string): Promise<Rows> {
  const { dtype, shape } = checkpoint.tensors.get(name)!;
  const [rows, width] = [shape[0]!, shape[1]!];
  const bytes = await checkpoint.readBytes(name);
  const stride = bytes.byteLength / rows;
  const wide = new Float32Array(width);
  return {
    rows,
    width,
    add(row, vector) {
      if (!(row >= 0 && row < rows)) throw new RangeError(`${name} has ${rows} rows and no row ${row}`);
      widen(bytes.subarray(row * stride, (row + 1) * stride), dtype, wide);
      for (let k = 0; k < width; k++) vector[k]! += wide[k]!;
      return vector;
    },
  };
}
