import { Problem } from "@espalier/contract";
import type { Executable } from "@espalier/tensor";
import { textEncoder } from "./blocks/text-encoder.ts";
import { finishVector, textsToEmbed, type EmbedOptions } from "./embedding.ts";
import type { Encoder } from "./encoder.ts";
import { runChunks } from "./run-chunks.ts";
import { frozen } from "./training/lora.ts";
import { rowOf } from "./vectors.ts";

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
    const { layers, model, engine, adapter } = encoder;
    const asked = depths ?? Array.from({ length: layers }, (_, i) => i + 1);
    const wrong = asked.find((depth) => !Number.isInteger(depth) || depth < 1 || depth > layers);
    if (wrong !== undefined || asked.length === 0)
      throw new Problem(
        "layers/out-of-range",
        `The model has no depth ${wrong ?? "at all that was asked for"}; choose from 1 to ${layers}.`,
        { field: "/depths" },
      );
    const { linears, weights } = frozen(model, adapter);
    const pooled = textEncoder(model.config, asked, linears);
    const outputs = Object.fromEntries(asked.map((depth, i) => [`depth:${depth}`, pooled[i]!]));
    return new DepthEncoder(encoder, asked, await engine.open(outputs, weights));
  }

  /**
   * One list of vectors for each depth, in the order of the depths, each in the order of the texts.
   * @throws {Problem} what {@link Encoder.embed} throws
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[][]> {
    const encoder = this.#encoder;
    const { distinct, tokenized, dimensions } = textsToEmbed(encoder, texts, options);
    const { model, encoding, chunkTokens } = encoder;
    const batch = { model, texts: tokenized, pooling: encoding.pooling, chunkTokens };
    const vectors = this.depths.map(() => new Map<string, Float32Array>());
    let [done, tokens] = [0, 0];
    const { signal, report, normalize } = options;
    for await (const { chunk, results } of runChunks(this.#executable, batch, { signal })) {
      for (const [place, depth] of this.depths.entries()) {
        const matrix = results[`depth:${depth}`]!.data as Float32Array;
        for (const [row, i] of chunk.entries()) {
          const pooled = rowOf(matrix, row, model.config.hiddenSize);
          vectors[place]!.set(distinct[i]!, finishVector(encoder, pooled, dimensions, normalize));
        }
      }
      done += chunk.length;
      tokens += chunk.reduce((sum, i) => sum + tokenized[i]!.ids.length, 0);
      report?.({ texts: done, total: distinct.length, tokens });
    }
    return vectors.map((of) => texts.map((text) => of.get(text)!));
  }

  /** Frees what the engine holds; the encoder goes on. */
  close(): Promise<void> {
    return this.#executable.close();
  }
}
