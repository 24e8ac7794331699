import type { DType, Node } from "./node.ts";

/** Numbers in row-major order. Engines neither keep nor change the arrays that they are given. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Where a weight's numbers are: bytes of a file (little endian, row-major, at any offset), or an array. */
export type WeightSource =
  | {
      readonly file: string;
      readonly offset: number;
      readonly bytes: number;
      readonly dtype: "F32" | "F16" | "BF16";
      readonly shape: readonly number[];
    }
  | { readonly data: Float32Array; readonly shape: readonly number[] };

/** What executes graphs. */
export interface Engine {
  /** `interpreter`, `onnx-cpu`, … */
  readonly name: string;
  /**
   * Makes a graph ready to run: the named outputs and all they need. Every `weight` of the graph must be in `weights`
   * under its name and with its shape; others there are ignored. Weights are not re-read afterwards.
   */
  open(
    outputs: Readonly<Record<string, Node>>,
    weights?: ReadonlyMap<string, WeightSource>,
  ): Promise<Executable>;
}

/** A graph that is ready to run, again and again, with any sizes. */
export interface Executable {
  /** Calls of `run` that are worth making before the first has ended: more than one where several devices compute. @default 1 */
  readonly atOnce?: number;
  /**
   * Computes the outputs. `feeds` holds a tensor for every input of the graph, by name; others are ignored.
   * Throws TypeError when one is missing or its type or shape does not fit, or two disagree on a named size.
   * Throws {@link OutOfMemory} when the sizes are too large; smaller ones may still run.
   * May block the event loop until it is done.
   */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  /** Frees everything. Calling it twice is harmless; `run` throws afterwards. */
  close(): Promise<void>;
}

/** A device cannot hold what a run needs. */
export class OutOfMemory extends Error {
  override readonly name = "OutOfMemory";
}
