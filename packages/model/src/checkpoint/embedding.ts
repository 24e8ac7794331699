import type { Embedding, ModelConfig } from "../architectures/model-config.ts";
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
  const { embedding, hiddenSize } = checkpoint.config;
  const tables = new Map<string, AddRow>();
  for (const name of tableNames(embedding)) tables.set(name, await storedRows(checkpoint, name));
  return embeddingTable(checkpoint.config, hiddenSize, (name) => tables.get(name)!);
}

/** Adds a row of a table to `vector`. Throws RangeError for a row that the table does not have. */
export type AddRow = (row: number, vector: Float32Array) => void;

const tableNames = ({ table, positions, tokenTypes }: Embedding): string[] =>
  [table, positions?.table, tokenTypes?.table].filter((name) => name !== undefined);

/** The embedding of a model whose tables are at hand, by name. */
export function embeddingTable(
  { embedding, vocabularySize }: Pick<ModelConfig, "embedding" | "vocabularySize">,
  width: number,
  rowsOf: (table: string) => AddRow,
): EmbeddingTable {
  const { table, scale, positions, tokenTypes } = embedding;
  const addWord = rowsOf(table);
  const addPosition = positions && rowsOf(positions.table);
  const type = new Float32Array(width);
  if (tokenTypes) rowsOf(tokenTypes.table)(0, type);
  return {
    rows: vocabularySize,
    width,
    gather(ids, out = new Float32Array(ids.length * width)) {
      out.subarray(0, ids.length * width).fill(0);
      let position = positions?.first ?? 0;
      for (let i = 0; i < ids.length; i++) {
        const vector = out.subarray(i * width, (i + 1) * width);
        addWord(ids[i]!, vector);
        if (scale !== 1) for (let k = 0; k < width; k++) vector[k]! *= scale;
        if (positions) addPosition?.(ids[i] === positions.padding ? positions.first - 1 : position++, vector);
        if (tokenTypes) for (let k = 0; k < width; k++) vector[k]! += type[k]!;
      }
      return out;
    },
  };
}

async function storedRows(checkpoint: Checkpoint, name: string): Promise<AddRow> {
  const { dtype, shape } = checkpoint.tensors.get(name)!;
  const [rows, width] = [shape[0]!, shape[1]!];
  const bytes = await checkpoint.readBytes(name);
  const stride = bytes.byteLength / rows;
  const wide = new Float32Array(width);
  return (row, vector) => {
    if (!(row >= 0 && row < rows)) throw new RangeError(`${name} has ${rows} rows and no row ${row}`);
    widen(bytes.subarray(row * stride, (row + 1) * stride), dtype, wide);
    for (let k = 0; k < width; k++) vector[k]! += wide[k]!;
  };
}
