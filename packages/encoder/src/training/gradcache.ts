import type { Pooling } from "@espalier/contract";
import {
  gradients,
  input,
  inputsOf,
  keepProducts,
  topological,
  type Arrays,
  type Engine,
  type Executable,
  type Node,
  type Tensor,
} from "@espalier/tensor";
import { Dropout, type DropoutRates } from "../blocks/dropout.ts";
import { inputParameters } from "../blocks/parameters.ts";
import { textEncoder } from "../blocks/text-encoder.ts";
import { ContrastiveLoss } from "../contrastive-loss.ts";
import { inOrder } from "../in-order.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { chunksOf, runChunks } from "../run-chunks.ts";
import { addTo, gatherRows, rowOf, scatterRows } from "../vectors.ts";
import type { TokenizedText } from "@espalier/model/tokenizer";
import { Distillation, type DistillationOptions } from "./distillation.ts";
import { drawDepths, lossAtDepths, type VectorLoss } from "./loss-at-depths.ts";
import { noise } from "./noise.ts";
import type { Trainable } from "./trainable.ts";

export interface GradCacheOptions {
  readonly model: LoadedModel;
  readonly engine: Engine;
  readonly pooling: Pooling;
  readonly trainable: Trainable;
  /** Factor of the cosines in the loss. */
  readonly scale: number;
  /** Lengths of prefixes of the vectors whose losses are added up. @default the whole vector alone */
  readonly matryoshka?: readonly number[] | undefined;
  /**
   * How many smaller depths are drawn at each step that must serve too, beside the whole model: their losses join its own, so that
   * every depth can be used afterwards. @default 0
   */
  readonly adaptiveLayers?: number | undefined;
  /** What is learned of the vectors that each step is given of a teacher. @default nothing */
  readonly distillation?: DistillationOptions | undefined;
  /** @default none */
  readonly dropout?: DropoutRates | undefined;
  /** Most tokens that are computed at once, padding included. */
  readonly chunkTokens: number;
  /**
   * Bytes of what the forward pass has computed that may be kept for the backward pass; chunks beyond that are computed again. It
   * changes the time that a step takes and the memory, which grows by more than these bytes, as what is kept is handed over.
   * @default 0: nothing is kept
   */
  readonly keptBytes?: number | undefined;
}

export interface ContrastiveStep {
  readonly loss: number;
  /** With respect to every trained parameter, by name. */
  readonly gradients: Map<string, Float32Array>;
  /** Embeddings [texts, hidden] before the step. */
  readonly vectors: Float32Array;
}

export interface StepOptions {
  /** Decides what dropout drops of each text: the same in both passes, and whatever the chunks. @default 0 */
  readonly seed?: number;
  /** [texts, width of the teacher], where there is one. */
  readonly teacher?: Float32Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The contrastive loss of a batch and its gradient, with memory for a chunk instead of the batch. Gao et al. 2021
 * (arXiv:2101.06983): embed all chunks; differentiate the loss with respect to the embeddings; run each chunk backwards with
 * its part of that gradient, and add up. The result is the gradient of the whole batch. The price is a second forward pass, for
 * those chunks whose activations could not be kept. A text that occurs more than once is computed once.
 */
export class GradCache {
  readonly #options: GradCacheOptions;
  readonly #noise: readonly Node<"input">[];
  readonly #forward: Executable;
  readonly #backward: Executable;
  readonly #loss: ContrastiveLoss;
  readonly #distillation: Distillation | undefined;

  private constructor(
    options: GradCacheOptions,
    noiseInputs: readonly Node<"input">[],
    forward: Executable,
    backward: Executable,
    distillation: Distillation | undefined,
  ) {
    this.#options = options;
    this.#noise = noiseInputs;
    this.#forward = forward;
    this.#backward = backward;
    this.#distillation = distillation;
    const { engine, scale, matryoshka, model } = options;
    this.#loss = new ContrastiveLoss(engine, scale, model.config.hiddenSize, matryoshka);
  }

  static async open(options: GradCacheOptions): Promise<GradCache> {
    const { model, engine, trainable, dropout } = options;
    const { parameter, nodes } = inputParameters();
    const depths = depthsOf(options);
    const pooled = textEncoder(model.config, depths, {
      ...trainable.graph(parameter),
      ...(dropout && { dropout: new Dropout(dropout) }),
    });
    const inputs = inputsOf(topological(pooled));
    const cotangents = depths.map((depth, i) => ({
      output: pooled[i]!,
      cotangent: input(at("cotangent", depth, model), ["batch", model.config.hiddenSize]),
    }));
    const trained = new Map<string, Node>(nodes);
    if (trainable.tables) trained.set("embeddings", inputs.get("embeddings")!);
    const grads = gradients(cotangents, [...trained.values()]);
    const names = [...trained.keys()];
    const outputs = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
    const forwards = depths.map((depth, i) => [at("pooled", depth, model), pooled[i]!] as const);
    const whole = { forward: Object.fromEntries(forwards), backward: outputs };
    const halves = options.keptBytes ? keepProducts(whole.forward, whole.backward) : whole;
    const forward = await engine.open(halves.forward, model.weights);
    try {
      const backward = await engine.open(halves.backward, model.weights);
      const { distillation, matryoshka } = options;
      const learned =
        distillation && (await Distillation.open(engine, distillation, model.config.hiddenSize, matryoshka));
      return new GradCache(options, noise.inputs(inputs.values()), forward, backward, learned);
    } catch (error) {
      await forward.close();
      throw error;
    }
  }

  /**
   * @param texts first the queries, then their positives, then the hard negatives
   * @param queries how many of the texts are queries
   * @param parameters the trained ones, by name
   */
  async step(
    texts: readonly TokenizedText[],
    queries: number,
    parameters: Arrays,
    { seed = 0, teacher, signal }: StepOptions = {},
  ): Promise<ContrastiveStep> {
    const { model, pooling, chunkTokens, trainable } = this.#options;
    const { tables } = trainable;
    const width = model.config.hiddenSize;
    const fed = this.#feedsOf(parameters);
    const source = tables ? { config: model.config, embedding: tables.embedding(parameters) } : model;
    // Dropout makes two of the same text.
    const { distinct, of } = this.#noise.length > 0 ? eachApart(texts) : withoutRepetitions(texts);
    const batch = { model: source, texts: distinct, pooling, chunkTokens };
    const more = (chunk: readonly number[], time: number) => ({
      ...fed,
      ...noise.feeds(this.#noise, time, chunk, seed),
    });

    const { keptBytes = 0 } = this.#options;
    let room = keptBytes;
    const kept = new Map<number, Record<string, Tensor>>();
    const depths = depthsOf(this.#options);
    const pooled = new Map(depths.map((depth) => [depth, new Float32Array(distinct.length * width)]));
    for await (const { chunk, results } of runChunks(this.#forward, batch, { more, signal })) {
      for (const [depth, matrix] of pooled)
        scatterRows(results[at("pooled", depth, model)]!.data as Float32Array, chunk, width, matrix);
      const bytes = Object.values(results).reduce((sum, { data }) => sum + data.byteLength, 0);
      if (bytes > room) continue;
      room -= bytes;
      kept.set(chunk[0]!, results);
    }

    const vectorsAt = (depth: number) => gatherRows(pooled.get(depth)!, of, width);
    const { layers } = model.config;
    const whole = vectorsAt(layers);
    const drawn = drawDepths(layers, this.#options.adaptiveLayers ?? 0, seed);
    const { loss, gradients: gradientAt } = await lossAtDepths(
      (vectors) => this.#lossOf(vectors, queries, teacher),
      whole,
      vectorsAt,
      { layers, drawn, width },
    );
    const cotangentsAt = new Map(
      depths.map((depth) => {
        const cotangents = new Float32Array(distinct.length * width);
        const gradient = gradientAt.get(depth);
        if (gradient)
          for (const [text, row] of of.entries())
            addTo(rowOf(cotangents, row, width), rowOf(gradient, text, width));
        return [depth, cotangents];
      }),
    );

    const sums = zeros(trainable.shapes);
    const { atOnce = 1 } = this.#backward;
    // Added up in the order of the chunks, whichever device is done first.
    const parts = inOrder(chunksOf(batch, { more }), atOnce, async ({ chunk, feeds }) => {
      signal?.throwIfAborted();
      // Without a budget the backward graph computes what it needs by itself.
      const activations = keptBytes > 0 ? (kept.get(chunk[0]!) ?? (await this.#forward.run(feeds))) : {};
      kept.delete(chunk[0]!);
      const results = await this.#backward.run({
        ...feeds,
        ...activations,
        ...Object.fromEntries(
          [...cotangentsAt].map(([depth, cotangents]): [string, Tensor] => [
            at("cotangent", depth, model),
            { dtype: "f32", shape: [chunk.length, width], data: gatherRows(cotangents, chunk, width) },
          ]),
        ),
      });
      return { chunk, results };
    });
    for await (const { chunk, results } of parts) {
      const { embeddings, ...gradients } = results;
      for (const [name, part] of Object.entries(gradients)) addTo(sums.get(name)!, part.data);
      if (embeddings && tables) {
        const [, time] = embeddings.shape;
        for (const [row, text] of chunk.entries()) {
          const { ids } = distinct[text]!;
          const start = row * time! * width;
          const own = embeddings.data.subarray(start, start + ids.length * width) as Float32Array;
          tables.scatter(sums, ids, own);
        }
      }
    }
    return { loss, gradients: sums, vectors: whole };
  }

  async close(): Promise<void> {
    await this.#forward.close();
    await this.#backward.close();
    await this.#loss.close();
    await this.#distillation?.close();
  }

  async #lossOf(
    vectors: Float32Array,
    queries: number,
    teacher: Float32Array | undefined,
  ): Promise<VectorLoss> {
    if (this.#distillation === undefined || teacher === undefined)
      return this.#loss.withGradient(vectors, queries);
    const learned = await this.#distillation.withGradient(vectors, teacher);
    const { contrastiveWeight: weight = 0 } = this.#options.distillation ?? {};
    if (weight === 0) return learned;
    const { loss, gradient } = await this.#loss.withGradient(vectors, queries);
    addTo(learned.gradient, gradient, weight);
    return { loss: learned.loss + weight * loss, gradient: learned.gradient };
  }

  #feedsOf(parameters: Arrays): Record<string, Tensor> {
    return Object.fromEntries(
      [...this.#options.trainable.shapes].map(([name, shape]) => [
        name,
        { dtype: "f32", shape, data: parameters.get(name)! },
      ]),
    );
  }
}

/** Depths whose vectors a step may look at, the whole model's last. */
const depthsOf = ({ model: { config }, adaptiveLayers = 0 }: GradCacheOptions): number[] =>
  adaptiveLayers > 0 ? Array.from({ length: config.layers }, (_, i) => i + 1) : [config.layers];

/** The name of a graph's input or output at a depth; of the whole model, the bare one. */
const at = (name: string, depth: number, { config }: LoadedModel): string =>
  depth === config.layers ? name : `${name}:${depth}`;

/** Texts of a batch, each once, and which of them each text of the batch is. */
interface Distinct {
  readonly distinct: readonly TokenizedText[];
  readonly of: readonly number[];
}

const eachApart = (texts: readonly TokenizedText[]): Distinct => ({
  distinct: texts,
  of: texts.map((_, i) => i),
});

function withoutRepetitions(texts: readonly TokenizedText[]): Distinct {
  const places = new Map<string, number>();
  const distinct: TokenizedText[] = [];
  const of = texts.map((text) => {
    const key = Object.values(text).map(String).join(" ");
    const place = places.get(key) ?? distinct.length;
    if (place === distinct.length) distinct.push(text);
    places.set(key, place);
    return place;
  });
  return { distinct, of };
}

const zeros = (shapes: ReadonlyMap<string, readonly number[]>): Map<string, Float32Array> =>
  new Map(
    [...shapes].map(([name, shape]) => [
      name,
      new Float32Array(shape.reduce((product, size) => product * size, 1)),
    ]),
  );
