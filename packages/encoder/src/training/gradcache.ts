import type { Pooling } from "@espalier/contract";
import {
  gradients,
  input,
  weight,
  type Arrays,
  type Engine,
  type Executable,
  type Tensor,
} from "@espalier/graph";
import { inputParameters } from "../blocks/parameters.ts";
import { rotaryKind } from "../blocks/rotary-tables.ts";
import { textEncoder } from "../blocks/text-encoder.ts";
import { planChunks } from "../chunks.ts";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { textFeeds } from "../text-feeds.ts";
import type { TokenizedText } from "../tokenizer.ts";

export interface GradCacheOptions {
  readonly model: LoadedModel;
  readonly engine: Engine;
  readonly pooling: Pooling;
  readonly rank: number;
  readonly alpha: number;
  /** Of the cosines in the loss. */
  readonly scale: number;
  /** Most tokens that are computed at once, padding included. */
  readonly chunkTokens: number;
}

export interface ContrastiveStep {
  readonly loss: number;
  /** With respect to every factor of the adapter, by name. */
  readonly gradients: Map<string, Float32Array>;
  /** Embeddings [texts, hidden] before the step. */
  readonly vectors: Float32Array;
}

/**
 * The contrastive loss of a batch and its gradient, with memory for a chunk instead of the batch. Gao et al. 2021
 * (arXiv:2101.06983): embed all chunks without keeping activations; differentiate the loss with respect to the
 * embeddings; run each chunk again with its part of that gradient, and add up. The result is the gradient of the whole
 * batch, at the price of a second forward pass.
 */
export class GradCache {
  readonly #options: GradCacheOptions;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #forward: Executable;
  readonly #backward: Executable;
  readonly #loss: ContrastiveLoss;

  private constructor(
    options: GradCacheOptions,
    shapes: ReadonlyMap<string, readonly number[]>,
    forward: Executable,
    backward: Executable,
  ) {
    this.#options = options;
    this.#shapes = shapes;
    this.#forward = forward;
    this.#backward = backward;
    this.#loss = new ContrastiveLoss(options.engine, options.scale, options.model.config.hiddenSize);
  }

  static async open(options: GradCacheOptions): Promise<GradCache> {
    const { model, engine, rank, alpha } = options;
    const { parameter, nodes } = inputParameters();
    const [pooled] = textEncoder(model.config, [model.config.layers], {
      parameter: weight,
      adapter: { rank, alpha, parameter },
    });
    const names = [...nodes.keys()];
    const cotangent = input("cotangent", ["batch", model.config.hiddenSize]);
    const grads = gradients([{ output: pooled!, cotangent }], [...nodes.values()]);
    const forward = await engine.open({ pooled: pooled! }, model.weights);
    try {
      const outputs = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
      const backward = await engine.open(outputs, model.weights);
      const shapes = new Map(names.map((name) => [name, nodes.get(name)!.shape.map(Number)]));
      return new GradCache(options, shapes, forward, backward);
    } catch (error) {
      await forward.close();
      throw error;
    }
  }

  /**
   * @param texts first the queries, then their positives, then the hard negatives
   * @param queries how many of the texts are queries
   * @param factors of the adapter, by name
   */
  async step(
    texts: readonly TokenizedText[],
    queries: number,
    factors: Arrays,
    signal?: AbortSignal,
  ): Promise<ContrastiveStep> {
    const { model, pooling, chunkTokens } = this.#options;
    const width = model.config.hiddenSize;
    const adapter = this.#feedsOf(factors);
    const chunks = planChunks(
      texts.map(({ ids }) => ids.length),
      chunkTokens,
      (length) => rotaryKind(model.config, length),
    );
    const feedsOf = (chunk: readonly number[]) => ({
      ...adapter,
      ...textFeeds(
        model,
        chunk.map((i) => texts[i]!),
        pooling,
      ),
    });

    const vectors = new Float32Array(texts.length * width);
    for (const chunk of chunks) {
      signal?.throwIfAborted();
      const { pooled } = await this.#forward.run(feedsOf(chunk));
      for (const [row, text] of chunk.entries())
        vectors.set((pooled!.data as Float32Array).subarray(row * width, (row + 1) * width), text * width);
    }

    const { loss, gradient } = await this.#loss.withGradient(vectors, queries);

    const sums = new Map<string, Float32Array>();
    for (const chunk of chunks) {
      signal?.throwIfAborted();
      const data = new Float32Array(chunk.length * width);
      for (const [row, text] of chunk.entries())
        data.set(gradient.subarray(text * width, (text + 1) * width), row * width);
      const cotangent: Tensor = { dtype: "f32", shape: [chunk.length, width], data };
      accumulate(sums, await this.#backward.run({ ...feedsOf(chunk), cotangent }));
    }
    return { loss, gradients: sums, vectors };
  }

  async close(): Promise<void> {
    await this.#forward.close();
    await this.#backward.close();
    await this.#loss.close();
  }

  #feedsOf(factors: Arrays): Record<string, Tensor> {
    return Object.fromEntries(
      [...this.#shapes].map(([name, shape]) => [name, { dtype: "f32", shape, data: factors.get(name)! }]),
    );
  }
}

function accumulate(sums: Map<string, Float32Array>, parts: Readonly<Record<string, Tensor>>): void {
  for (const [name, { data }] of Object.entries(parts)) {
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, Float32Array.from(data));
    else for (let i = 0; i < sum.length; i++) sum[i]! += data[i]!;
  }
}
