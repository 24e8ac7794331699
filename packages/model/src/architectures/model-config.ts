import type { WeightDtype } from "../checkpoint/dtype.ts";
import type { JsonValue, Spellings } from "../checkpoint/json.ts";

/** A linear layer of the checkpoint: `<name>.weight` [outputs, inputs] and, where it has one, `<name>.bias`. */
export interface Linear {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias: boolean;
}

/**
 * A normalisation over the last `width` numbers by `<name>.weight`: `rms` divides by the root mean square and
 * multiplies by w, `rms-offset` by 1 + w, `layer` centres first and adds `<name>.bias`.
 */
export interface Norm {
  readonly name: string;
  readonly kind: "rms" | "rms-offset" | "layer";
  readonly width: number;
  readonly epsilon: number;
}

/** The residual connection around attention or feed-forward f: closing(x + residualScale · after(f(before(x)))). */
export interface Residual {
  readonly before?: Norm;
  readonly after?: Norm;
  readonly closing?: Norm;
  readonly residualScale: number;
}

export interface Attention extends Residual {
  readonly heads: number;
  /** Heads of keys and values; divides `heads` (grouped queries). */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Factor of the scores. */
  readonly scale: number;
  /** Three matrices, or one whose rows are those of query, key and value in turn. */
  readonly projection: { readonly query: Linear; readonly key: Linear; readonly value: Linear } | Linear;
  readonly output: Linear;
  /** Norms of queries and keys before they are turned, of each head or of all heads together. */
  readonly queryKeyNorm?: { readonly query: Norm; readonly key: Norm };
  readonly softcap?: number;
  /** Index into the config's `rotary`; none for a layer without positions. */
  readonly rotary?: number;
  /** A position sees the last so many positions, itself included; in both directions where attention is bidirectional. */
  readonly window?: number;
}

export type Activation = "silu" | "gelu" | "gelu-tanh";

export interface FeedForward extends Residual {
  readonly activation: Activation;
  /** Width between the matrices. */
  readonly width: number;
  /**
   * Gated: down(activation(gate(x)) · up(x)), `gateUp` holding the rows of gate, then of up. Plain: down(activation(up(x))).
   */
  readonly projection:
    | { readonly gate: Linear; readonly up: Linear }
    | { readonly gateUp: Linear }
    | { readonly up: Linear };
  readonly down: Linear;
}

export interface Block {
  readonly attention: Attention;
  readonly feedForward: FeedForward;
}

/** Rotary position embedding: which frequencies, and how they change with the length. */
export interface Rotary {
  /** How many numbers of a head turn; even. */
  readonly turned: number;
  readonly theta: number;
  readonly scaling:
    | { readonly kind: "default" }
    | { readonly kind: "linear"; readonly factor: number }
    | { readonly kind: "dynamic"; readonly factor: number; readonly original: number }
    | {
        readonly kind: "llama3";
        readonly factor: number;
        readonly lowFrequency: number;
        readonly highFrequency: number;
        readonly original: number;
      }
    | {
        readonly kind: "longrope";
        readonly short: readonly number[];
        readonly long: readonly number[];
        readonly original: number;
        /** Factor of cosine and sine. */
        readonly magnitude: number;
      };
}

/** What a text's tokens become before the first layer: norm(scale · table[id] + positions[first + i] + tokenTypes[0]). */
export interface Embedding {
  /** Names of the tables. */
  readonly table: string;
  readonly scale: number;
  readonly positions?: {
    readonly table: string;
    readonly rows: number;
    readonly first: number;
    /** A token that stands at `first - 1` and is not counted, though it is in the text. */
    readonly padding?: number;
  };
  readonly tokenTypes?: { readonly table: string; readonly rows: number };
  readonly norm?: Norm;
}

/**
 * A model as its `config.json` describes it, in one spelling for all releases of transformers and all architectures:
 * what a graph, a checkpoint's names and shapes, and truncation need to know.
 */
export interface ModelConfig {
  /** `model_type` of the file. */
  readonly modelType: string;
  /** What transformers calls the model without a head, such as `LlamaModel`. */
  readonly modelClass: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** Longest sequence that the model was trained for. */
  readonly maxPositions: number;
  readonly embedding: Embedding;
  /** One for each layer. */
  readonly blocks: readonly Block[];
  /** After the last layer, or after any other that is made the last. */
  readonly finalNorm?: Norm;
  readonly rotary: readonly Rotary[];
  readonly direction: "causal" | "bidirectional";
  readonly naming: Naming;
  /** The output head is the embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly dtype: WeightDtype | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  /** Everything that the file says, so that a derived checkpoint keeps it. */
  readonly source: ReadonlyMap<string, JsonValue>;
  /** How the file spells its numbers. */
  readonly spellings?: Spellings;
  /** What its user should know once, in full sentences: what was read past. @default nothing */
  readonly remarks?: readonly string[];
}

/** How a checkpoint names its tensors. */
export interface Naming {
  /** What a model with a head puts before the names of the model itself, such as `model.`. */
  readonly prefix: string;
  /** What the names of a layer start with, before its number: `layers.` */
  readonly layer: string;
  /** Tensors that are not computed with and go along where a checkpoint is truncated: heads and poolers. */
  readonly carried: RegExp;
  /** Tensors that say nothing: buffers that old releases saved. They are dropped. */
  readonly dropped: RegExp;
}
