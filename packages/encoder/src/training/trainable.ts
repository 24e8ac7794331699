import type { Arrays } from "@espalier/tensor";
import type { LinearOptions } from "../blocks/linear.ts";
import type { Parameter } from "../blocks/parameters.ts";
import type { EmbeddingTable } from "@espalier/model";

/** What a training changes: parameters that are fed on every run, and where a graph uses them. */
export interface Trainable {
  /** By name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Values before the first step. */
  start(): Promise<Map<string, Float32Array>>;
  /** How a graph gets its parameters, the trained ones from `parameter`. */
  graph(parameter: Parameter): LinearOptions;
  /** Trained tables from which embeddings are gathered outside the graph; none where they stay as they are. */
  readonly tables?: {
    embedding(parameters: Arrays): EmbeddingTable;
    /** Adds the gradient [ids.length, width] of one text's embeddings to those of the tables. */
    scatter(gradients: Arrays, ids: ArrayLike<number>, gradient: Float32Array): void;
  };
}
