import { Problem } from "@espalier/contract";
import type { Executable } from "@espalier/tensor";
import { openAtDepths, outputAt } from "./depth-graph.ts";
import { embedTexts, type EmbedOptions } from "./embedding.ts";
import type { Encoder } from "./encoder.ts";

/**
 * An encoder that gives the vectors of texts at several depths from one pass through its layers, each as {@link Encoder.keep} of so
 * many layers would give it: the state after them under the model's own final norm, pooled. A pass costs what the deepest costs, and
 * a vector for each depth and text is held.
 */
export class DepthEncoder {
  readonly #encoder: Encoder;
  readonly #executable: Executable;
  readonly depths: readonly number[];

  private constructor(encoder: Encoder, depths: readonly number[], executable: Executable) {
    this.#encoder = encoder;
    this.#executable = executable;
    this.depths = depths;
  }

  /**
   * @param depths numbers of layers, rising. @default all
   * @throws {Problem} `layers/out-of-range` for a depth that the encoder does not have
   */
  static async open(encoder: Encoder, depths?: readonly number[]): Promise<DepthEncoder> {
    const { layers } = encoder;
    const asked = depths ?? Array.from({ length: layers }, (_, i) => i + 1);
    const wrong = asked.find((depth) => !Number.isInteger(depth) || depth < 1 || depth > layers);
    if (wrong !== undefined || asked.length === 0)
      throw new Problem(
        "layers/out-of-range",
        `The model has no depth ${wrong ?? "at all that was asked for"}; choose from 1 to ${layers}.`,
        { field: "/depths" },
      );
    return new DepthEncoder(encoder, asked, await openAtDepths(encoder, asked));
  }

  /**
   * One list of vectors for each depth, in the order of the depths, each in the order of the texts.
   * @throws {Problem} what {@link Encoder.embed} throws
   */
  embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[][]> {
    const graph = { outputs: this.depths.map(outputAt), open: () => Promise.resolve(this.#executable) };
    return embedTexts(this.#encoder, texts, options, graph);
  }

  /** Frees what the engine holds; the encoder goes on. */
  close(): Promise<void> {
    return this.#executable.close();
  }
}
