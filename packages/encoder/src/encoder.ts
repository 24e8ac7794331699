import {
  keptLayers,
  Problem,
  resolveEncoding,
  type Encoding,
  type FixedLayersRef,
  type KeptLayers,
  type Mode,
  type Pooling,
  type ResolvedEncoding,
  type TemplateChoice,
} from "@espalier/contract";
import type { TripletRow } from "@espalier/model/data";
import type { CachedModelOptions } from "@espalier/model/hub";
import type { Engine, Executable } from "@espalier/tensor";
import {
  checkAdapter,
  checkNewFolder,
  adaptedDepth,
  findAdapter,
  findModules,
  folderEncoding,
  formerName,
  type LoraAdapter,
  saveLayers,
  seenThrough,
  survivingName,
  usualEncoding,
  type VectorStep,
} from "@espalier/model";
import { textEncoder } from "./blocks/text-encoder.ts";
import { keptLayersOf, loadModel, renamed, type LoadedModel } from "./loaded-model.ts";
import { loadTemplate, type Template } from "@espalier/model/tokenizer";
import { findModel } from "./find-model.ts";
import { l3prune } from "./pruning/l3prune.ts";
import type { SearchOptions } from "./pruning/search-batches.ts";
import { trainAdapter, type TrainOptions } from "./training/train-adapter.ts";
import { usualEngine } from "./usual-engine.ts";
import { embedTexts, type EmbedOptions } from "./embedding.ts";
import { frozen } from "./training/lora.ts";

/** What `new Encoder` takes beside a model. */
export interface EncoderOptions {
  /** What computes: `chooseEngine("onnx-cpu")` of `@espalier/engine`. */
  readonly engine: Engine;
  /** How the states of a text's tokens become its vector. @default "weighted_mean", of a BERT "mean" */
  readonly pooling?: Pooling | undefined;
  /** Which tokens: the text's own, or all, special ones and instruction included. @default "content", of a BERT all */
  readonly pooled?: Encoding["pooled"] | undefined;
  /** Whether a token sees all others, whatever the model was trained with. @default "model" */
  readonly attention?: Encoding["attention"] | undefined;
  /**
   * Tokens, special ones included; longer texts are cut where the tokenizer says, mostly on the right.
   * @default 512, or all the positions of a BERT
   */
  readonly maxLength?: number | undefined;
  /** How a text becomes the string that is tokenised. @default instruction and text alone */
  readonly template?: Template | undefined;
  /** Whether content is found as l3prune does; see {@link Tokenizer.tokenize}. @default "default" */
  readonly mode?: Mode | undefined;
  /** LoRA on top of the model. @default the one in the model's folder, where there is one */
  readonly adapter?: LoraAdapter | undefined;
  /** How many numbers of a vector are kept where a call does not say. @default all, of a folder what its `truncate_dim` says */
  readonly dimensions?: number | undefined;
  /** Whether vectors are scaled to length 1 where a call does not say. @default false, of a folder what its `modules.json` says */
  readonly normalizes?: boolean | undefined;
  /** Whether an instruction may be pooled where all tokens are. @default true, of a folder what its `1_Pooling/config.json` says */
  readonly poolsPrompts?: boolean | undefined;
  /** What is done with a pooled vector before that. @default nothing, of a folder what its `modules.json` says */
  readonly steps?: readonly VectorStep[] | undefined;
  /** Most tokens that are computed at once, padding included; bounds memory. @default 1024 */
  readonly chunkTokens?: number | undefined;
}

/** Where pooling is not said, `1_Pooling/config.json` in the folder comes before the defaults. */
export interface LoadOptions extends Omit<EncoderOptions, "template" | "engine"> {
  /** What computes. @default ONNX Runtime on the processor, with a thread for each core */
  readonly engine?: Engine | undefined;
  /** A template, or which one: `chat` is the one in the model's folder. @default "none" */
  readonly template?: Template | TemplateChoice | undefined;
  /** What the model is called on a hub, where its folder does not say so; the choice `auto` looks for it. */
  readonly modelName?: string | undefined;
  /**
   * Where models of the hub are kept (`cache`), how it is reached (`access`; default HF_ENDPOINT, HTTPS_PROXY and HF_TOKEN), and
   * who is told how a download goes (`report`, `warn`, `signal`).
   */
  readonly hub?: CachedModelOptions | undefined;
}

/** What `Encoder.prune` takes beside triplets. */
export interface PruneOptions extends SearchOptions {
  /** Which of the two depths that the search picks. @default "large" */
  readonly pick?: "large" | "small" | undefined;
  /** Folder to write. @default none */
  readonly to?: string | undefined;
}

/**
 * A language model as a text encoder: texts in, one vector for each out.
 *
 * Weights, all but the embedding tables, stay in their files until something is computed: keeping layers and saving cost
 * no memory.
 * Errors that a user can mend are a `Problem` of `@espalier/contract`, with a `code` that `docs/errors.md` explains.
 */
export class Encoder {
  readonly model: LoadedModel;
  readonly adapter: LoraAdapter | undefined;
  readonly engine: Engine;
  readonly encoding: Omit<ResolvedEncoding, "template">;
  readonly template: Template | undefined;
  readonly mode: Mode;
  readonly normalizes: boolean;
  readonly dimensions: number;
  readonly poolsPrompts: boolean;
  readonly steps: readonly VectorStep[];
  readonly chunkTokens: number;
  #executable: Promise<Executable> | undefined;
  #closed = false;

  /**
   * Opens a model folder in Hugging Face layout: `config.json`, safetensors, `tokenizer.json`, and the files of a PEFT
   * adapter where there is one. `hf:org/name@revision` is a model of the hub, which is downloaded once and pinned to the
   * commit that the revision (default `main`) meant then: see {@link LoadOptions.hub}.
   * @throws {Problem} naming the file, and the field, tensor or byte: `checkpoint/…`, `config/…`, `tokenizer/…` or
   * `template/unusable`
   */
  static async load(source: string, options: LoadOptions = {}): Promise<Encoder> {
    const { template, modelName, hub, engine = await usualEngine(), ...others } = options;
    const { directory, hubName } = await findModel(source, hub);
    const whole = await loadModel(directory);
    const found = options.adapter ?? (await findAdapter(directory));
    const layers = found && adaptedDepth(found, whole.config);
    const model = layers === undefined ? whole : keptLayersOf(whole, layers);
    const { pooling, pooled, attention, maxLength } = options;
    const modules = await findModules(directory, model.config.hiddenSize);
    const choice = typeof template === "string" ? template : undefined;
    const { template: named = "none", ...encoding } = await folderEncoding(
      directory,
      {
        pooling,
        pooled,
        attention,
        maxLength,
        template: choice,
      },
      options.mode,
    );
    return new Encoder(model, {
      ...others,
      engine,
      normalizes: options.normalizes ?? modules?.normalizes,
      dimensions: options.dimensions ?? modules?.dimensions,
      steps: options.steps ?? modules?.steps,
      poolsPrompts: options.poolsPrompts ?? modules?.poolsPrompts,
      ...encoding,
      template:
        template === undefined || typeof template === "string"
          ? await loadTemplate(named, { directory, modelName: modelName ?? hubName })
          : template,
      adapter: found && { rank: found.rank, alpha: found.alpha, pairs: found.pairs },
    });
  }

  /**
   * An encoder over a model that is loaded already, such as another encoder's.
   * @throws {Problem} `checkpoint/incomplete` for an adapter of another model, `request/invalid` for options that cannot be
   */
  constructor(model: LoadedModel, options: EncoderOptions) {
    const { engine, template, mode = "default", adapter } = options;
    if (adapter !== undefined) checkAdapter(model.weights, adapter);
    this.adapter = adapter;
    this.engine = engine;
    const { pooling, pooled, attention, maxLength } = options;
    this.model = { ...model, config: seenThrough(model.config, attention) };
    const usual = usualEncoding(model.config, { pooling, pooled, attention, maxLength });
    const { template: _, ...encoding } = resolveEncoding(usual);
    this.encoding = encoding;
    this.template = template;
    this.mode = mode;
    this.normalizes = options.normalizes ?? false;
    this.dimensions = options.dimensions ?? Infinity;
    this.poolsPrompts = options.poolsPrompts ?? true;
    this.steps = options.steps ?? [];
    this.chunkTokens = options.chunkTokens ?? 1024;
  }

  /** Number of layers. */
  get layers(): number {
    return this.model.config.layers;
  }

  /** Numbers in a vector. */
  get width(): number {
    return Math.min(this.dimensions, this.wholeWidth);
  }

  /** Numbers in a vector before any are cut off. */
  get wholeWidth(): number {
    return this.steps.reduce(
      (width, step) => (step.kind === "normalize" ? width : step.outputs),
      this.model.config.hiddenSize,
    );
  }

  /**
   * A new encoder of some layers with the model's own final norm. It shares all that is loaded, and is closed by itself.
   * @param ref how many of the first; their numbers, from 0 and rising; or `{ dropPercent }` from the top. The null of
   * a search that could pick none is refused like a number out of range
   * @throws {Problem} `layers/out-of-range` for layers that the encoder does not have
   */
  keep(ref: FixedLayersRef | KeptLayers | null): Encoder {
    if (ref === null)
      throw new Problem("layers/out-of-range", "the search picked no depth; its warnings say why");
    const layers = keptLayers(ref, this.layers, this.mode);
    const { adapter, model } = this;
    return this.#over(
      keptLayersOf(model, layers),
      adapter && {
        ...adapter,
        pairs: renamed(adapter.pairs, (name) => survivingName(name, layers, model.config)),
      },
    );
  }

  /**
   * The encoder of the depth that L3Prune picks, written to a new folder where one is named: {@link l3prune},
   * {@link Encoder.keep} and {@link Encoder.save} in one go. The folder is checked before anything is computed.
   * @throws {Problem} what these three throw
   */
  async prune(
    triplets: Iterable<TripletRow> | AsyncIterable<TripletRow>,
    { pick = "large", to, ...options }: PruneOptions = {},
  ): Promise<Encoder> {
    if (to !== undefined) await checkNewFolder(to);
    const pruned = this.keep((await l3prune(this, triplets, options))[pick]);
    if (to !== undefined) await pruned.save(to);
    return pruned;
  }

  /**
   * This encoder with an adapter that was trained on triplets; written to a new folder, the adapter merged, where one is
   * named, which is checked before anything is computed.
   * @throws {Problem} `config/unsupported` for an encoder that carries an adapter, `request/invalid` for method `full`, which
   * makes no adapter; what `train` and {@link Encoder.save} throw
   */
  async train(
    triplets: Iterable<TripletRow> | AsyncIterable<TripletRow>,
    options: TrainOptions = {},
  ): Promise<Encoder> {
    if (options.to !== undefined) await checkNewFolder(options.to);
    const adapter = await trainAdapter(this, triplets, options);
    const trained = this.#over(this.model, adapter);
    if (options.to !== undefined) await trained.save(options.to);
    return trained;
  }

  /**
   * Writes the encoder to a new folder that transformers loads, from the files of the folder that it was loaded from:
   * these layers' bytes are copied as they are, whatever the model's size, and the tokenizer goes along. With an adapter
   * its product is merged into them, and an output head is left out. The folder appears whole or not at all.
   * @throws {Problem} `resource/conflict` when `directory` exists and is not empty
   * @throws {TypeError} for a model that was made in memory
   */
  async save(directory: string): Promise<void> {
    const source = this.model.directory;
    if (source === undefined) throw new TypeError("an encoder is saved from the folder it was loaded from");
    const { config, kept: layers = this.layers } = this.model;
    const adapter = this.adapter && {
      ...this.adapter,
      pairs: renamed(this.adapter.pairs, (name) => formerName(name, layers, config)),
    };
    await saveLayers(source, directory, { layers, attention: this.encoding.attention }, adapter);
  }

  /**
   * One vector of `width` numbers for each text, in their order. The same text gets the same vector up to rounding,
   * whatever it is embedded together with.
   * @throws {Problem} `text/empty` when a text has no tokens; its field is the text's place, `/0` for the first
   */
  async embed(texts: readonly string[], options: EmbedOptions = {}): Promise<Float32Array[]> {
    const graph = { outputs: ["pooled"], open: () => this.#open() };
    const [vectors] = await embedTexts(this, texts, options, graph);
    return vectors!;
  }

  /** Frees what the engine holds. Encoders that share the model go on. Calling it twice is harmless. */
  async close(): Promise<void> {
    this.#closed = true;
    const executable = await this.#executable?.catch(() => undefined);
    await executable?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One that makes vectors as this one does, of another model or with another adapter. */
  #over(model: LoadedModel, adapter: LoraAdapter | undefined): Encoder {
    const { engine, template, mode, normalizes, dimensions, poolsPrompts, steps, chunkTokens } = this;
    const same = { engine, template, mode, normalizes, dimensions, poolsPrompts, steps, chunkTokens };
    return new Encoder(model, { ...this.encoding, ...same, adapter });
  }

  /** The graph of all layers on the engine, made when it is first needed. */
  #open(): Promise<Executable> {
    if (this.#closed) throw new Error("the encoder is closed");
    this.#executable ??= this.#make();
    return this.#executable;
  }

  async #make(): Promise<Executable> {
    const { linears, weights } = frozen(this.model, this.adapter);
    const [pooled] = textEncoder(this.model.config, [this.layers], linears);
    try {
      return await this.engine.open({ pooled: pooled! }, weights);
    } catch (error) {
      // What was missing, such as memory, may be there at the next attempt.
      this.#executable = undefined;
      throw error;
    }
  }
}
