import type { Encoding, Pooling } from "@espalier/contract";
import { weight, type Engine, type Executable } from "@espalier/graph";
import { rotaryKind } from "./blocks/rotary-tables.ts";
import { textEncoder } from "./blocks/text-encoder.ts";
import { readAdapter, type LoraAdapter } from "./checkpoint/index.ts";
import { planChunks } from "./chunks.ts";
import { loadModel, type LoadedModel } from "./loaded-model.ts";
import type { Template } from "./template.ts";
import { textFeeds } from "./text-feeds.ts";
import { loraWeights } from "./training/lora.ts";

export interface EncoderOptions {
  readonly engine: Engine;
  /** @default "weighted_mean" */
  readonly pooling?: Pooling;
  /** Which tokens are pooled. @default "content" */
  readonly pooled?: Encoding["pooled"];
  /** Tokens; longer texts are cut on the right. @default 512 */
  readonly maxLength?: number;
  readonly template?: Template;
  /** Layers to run. @default all of the model */
  readonly layers?: number;
  /** Most tokens that are computed at once, padding included. @default 1024 */
  readonly chunkTokens?: number;
}

export interface EmbedOptions {
  /** Told to the model before each text, and not pooled. */
  readonly instruction?: string | undefined;
  /** Scale every vector to length 1. @default false */
  readonly normalize?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called after each chunk. `tokens` counts real ones, padding left out. */
  readonly report?: ((progress: { texts: number; total: number; tokens: number }) => void) | undefined;
}

/** A language model as a text encoder: texts in, one vector for each out. */
export class Encoder {
  readonly #model: LoadedModel;
  readonly #executable: Executable;
  readonly #options: EncoderOptions;

  private constructor(model: LoadedModel, executable: Executable, options: EncoderOptions) {
    this.#model = model;
    this.#executable = executable;
    this.#options = options;
  }

  /**
   * Opens a checkpoint folder, with a PEFT adapter folder where one is given.
   * @throws {Problem} when a file is refused
   */
  static async load(
    options: EncoderOptions & { readonly checkpointDir: string; readonly adapterDir?: string | undefined },
  ): Promise<Encoder> {
    const adapter = options.adapterDir === undefined ? undefined : await readAdapter(options.adapterDir);
    return Encoder.over(await loadModel(options.checkpointDir), options, adapter);
  }

  /** An encoder over a model that is loaded already, adapted where an adapter is given. */
  static async over(model: LoadedModel, options: EncoderOptions, adapter?: LoraAdapter): Promise<Encoder> {
    const [pooled] = textEncoder(model.config, [options.layers ?? model.config.layers], {
      parameter: weight,
      adapter: adapter && {
        rank: adapter.rank,
        alpha: adapter.alpha,
        parameter: weight,
        adapts: (name) => adapter.pairs.has(name),
      },
    });
    const weights = adapter ? new Map([...model.weights, ...loraWeights(adapter)]) : model.weights;
    const executable = await options.engine.open({ pooled: pooled! }, weights);
    return new Encoder(model, executable, options);
  }

  /** Numbers in a vector. */
  get width(): number {
    return this.#model.config.hiddenSize;
  }

  /**
   * One vector of `width` numbers for each text, in their order.
   * @throws {Problem} `text/empty` when a text has no tokens
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const { instruction, normalize = false, signal, report } = options;
    const {
      maxLength = 512,
      template,
      pooling = "weighted_mean",
      pooled = "content",
      chunkTokens = 1024,
    } = this.#options;
    // A text that occurs twice is computed once.
    const distinct = [...new Set(texts)];
    const tokenized = distinct.map((text) =>
      this.#model.tokenizer.tokenize(text, { maxLength, instruction, ...(template && { template }) }),
    );
    const vectors = new Map<string, Float32Array>();
    let tokens = 0;
    const lengths = tokenized.map(({ ids }) => ids.length);
    for (const chunk of planChunks(lengths, chunkTokens, (length) =>
      rotaryKind(this.#model.config, length),
    )) {
      signal?.throwIfAborted();
      const feeds = textFeeds(
        this.#model,
        chunk.map((i) => tokenized[i]!),
        { pooling, pooled },
      );
      const results = await this.#executable.run(feeds);
      const data = results["pooled"]!.data as Float32Array;
      for (const [row, i] of chunk.entries()) {
        const vector = data.slice(row * this.width, (row + 1) * this.width);
        vectors.set(distinct[i]!, normalize ? unit(vector) : vector);
        tokens += lengths[i]!;
      }
      report?.({ texts: vectors.size, total: distinct.length, tokens });
    }
    return texts.map((text) => vectors.get(text)!);
  }

  close(): Promise<void> {
    return this.#executable.close();
  }
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length > 0 ? vector.map((x) => x / length) : vector;
}
