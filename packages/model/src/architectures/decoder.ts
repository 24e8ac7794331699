import { bidirectional } from "./direction.ts";
import type { Fields } from "./fields.ts";
import type {
  Activation,
  Attention,
  Block,
  FeedForward,
  Linear,
  ModelConfig,
  Naming,
  Norm,
  Rotary,
} from "./model-config.ts";
import { readRotary } from "./rotary.ts";
import { readCommon } from "./shared-fields.ts";

/** What sets one decoder apart from the next; everything else they share. Every trait has Llama's value by default. */
export interface DecoderTraits {
  readonly modelClass: string;
  readonly headSize?: number;
  readonly keyValueHeads?: number;
  readonly activation?: Activation;
  readonly tied?: boolean;
  readonly epsilon?: number;
  readonly maxPositions?: number;
  readonly bias?: {
    readonly projection?: boolean;
    readonly output?: boolean;
    readonly feedForward?: boolean;
  };
  /** `qkv_proj` and `gate_up_proj` instead of five matrices. */
  readonly fused?: boolean;
  readonly norm?: "rms" | "rms-offset";
  /** Names of the norms of a layer. */
  readonly norms?: {
    readonly attention: { readonly before?: string; readonly after?: string };
    readonly feedForward: { readonly before?: string; readonly after?: string };
  };
  /** `q_norm` and `k_norm`, of each head or over all of them. */
  readonly queryKeyNorm?: "head" | "all";
  readonly attentionScale?: number;
  readonly softcap?: number | undefined;
  readonly residualScale?: number;
  readonly embeddingScale?: number;
  readonly direction?: "causal" | "bidirectional";
  /** Whether `partial_rotary_factor` may be less than 1. */
  readonly partialRotary?: boolean;
  /** `original_max_position_embeddings` where the file does not say it outside of the rotary embeddings, where it is not read. */
  readonly original?: number;
  /** Base of the rotary frequencies where the file does not say. @default 10,000 */
  readonly theta?: number;
  readonly rotary?: (headSize: number, maxPositions: number) => readonly Rotary[];
  readonly rotaryOf?: (layer: number) => number | undefined;
  readonly windowOf?: (layer: number) => number | undefined;
}

const naming: Naming = {
  prefix: "model.",
  layer: "layers.",
  carried: /^(lm_head|score|v_head|classifier|qa_outputs)\./,
  dropped: /(^|\.)rotary_emb\.inv_freq$/,
};

const preNorms = {
  attention: { before: "input_layernorm" },
  feedForward: { before: "post_attention_layernorm" },
};

/** Width of a head and number of key-value heads, which many traits depend on. */
function headsOf(config: Fields, traits: Pick<DecoderTraits, "headSize" | "keyValueHeads"> = {}) {
  const hiddenSize = config.integer("hidden_size", 1, 65_536);
  const heads = config.integer("num_attention_heads", 1, 1024);
  const keyValueHeads = config.integer("num_key_value_heads", 1, 1024, traits.keyValueHeads ?? heads);
  if (heads % keyValueHeads !== 0)
    config.malformed(
      "num_key_value_heads",
      `is ${keyValueHeads}; ${heads} attention heads cannot share them evenly`,
    );
  if (!config.has("head_dim") && traits.headSize === undefined && hiddenSize % heads !== 0)
    config.malformed(
      "num_attention_heads",
      `is ${heads}, and hidden_size ${hiddenSize} is not a multiple of it`,
    );
  const headSize = config.integer("head_dim", 2, 4096, traits.headSize ?? hiddenSize / heads);
  if (headSize % 2 !== 0)
    config.malformed("head_dim", `is ${headSize}, which is odd; rotary embeddings turn pairs`);
  return { hiddenSize, heads, keyValueHeads, headSize };
}

/** Describes a decoder from its `config.json` and its traits. */
export function decoder(config: Fields, traits: DecoderTraits): ModelConfig {
  config.only({
    is_encoder_decoder: [false],
    quantization_config: [],
  });
  const { hiddenSize, heads, keyValueHeads, headSize } = headsOf(config, traits);
  const layers = config.integer("num_hidden_layers", 1, 1024);
  const intermediateSize = config.integer("intermediate_size", 1, 1_048_576);
  const maxPositions = config.integer("max_position_embeddings", 1, 16_777_216, traits.maxPositions ?? 2048);
  const epsilon = config.real("rms_norm_eps", 1e-12, 0.1, traits.epsilon ?? 1e-6);
  const { bias = {}, norms = preNorms, residualScale = 1, norm: kind = "rms", windowOf, softcap } = traits;
  const rotaryOf = traits.rotaryOf ?? (() => 0);

  const norm = (name: string, width = hiddenSize): Norm => ({ name, kind, width, epsilon });
  const around = (layer: string, names: { before?: string; after?: string }) => ({
    residualScale,
    ...(names.before === undefined ? {} : { before: norm(layer + names.before) }),
    ...(names.after === undefined ? {} : { after: norm(layer + names.after) }),
  });

  function attention(layer: string, index: number): Attention {
    const [query, keyValue] = [heads * headSize, keyValueHeads * headSize];
    const from = (name: string, outputs: number): Linear => ({
      name: `${layer}self_attn.${name}`,
      inputs: hiddenSize,
      outputs,
      bias: bias.projection ?? false,
    });
    const rotary = rotaryOf(index);
    const window = windowOf?.(index);
    const each = traits.queryKeyNorm === "head";
    return {
      ...around(layer, norms.attention),
      heads,
      keyValueHeads,
      headSize,
      scale: traits.attentionScale ?? headSize ** -0.5,
      projection: traits.fused
        ? from("qkv_proj", query + 2 * keyValue)
        : { query: from("q_proj", query), key: from("k_proj", keyValue), value: from("v_proj", keyValue) },
      output: {
        name: `${layer}self_attn.o_proj`,
        inputs: query,
        outputs: hiddenSize,
        bias: bias.output ?? false,
      },
      ...(traits.queryKeyNorm && {
        queryKeyNorm: {
          query: norm(`${layer}self_attn.q_norm`, each ? headSize : query),
          key: norm(`${layer}self_attn.k_norm`, each ? headSize : keyValue),
        },
      }),
      ...(softcap === undefined ? {} : { softcap }),
      ...(rotary === undefined ? {} : { rotary }),
      ...(window === undefined ? {} : { window }),
    };
  }

  function feedForward(layer: string): FeedForward {
    const biased = bias.feedForward ?? false;
    const from = (name: string, outputs: number): Linear => ({
      name: `${layer}mlp.${name}`,
      inputs: hiddenSize,
      outputs,
      bias: biased,
    });
    return {
      ...around(layer, norms.feedForward),
      activation: traits.activation ?? "silu",
      width: intermediateSize,
      projection: traits.fused
        ? { gateUp: from("gate_up_proj", 2 * intermediateSize) }
        : { gate: from("gate_proj", intermediateSize), up: from("up_proj", intermediateSize) },
      down: { name: `${layer}mlp.down_proj`, inputs: intermediateSize, outputs: hiddenSize, bias: biased },
    };
  }

  const blocks = Array.from({ length: layers }, (_, index): Block => {
    const layer = `${naming.layer}${index}.`;
    return { attention: attention(layer, index), feedForward: feedForward(layer) };
  });
  const described: ModelConfig = {
    ...readCommon(config),
    modelClass: traits.modelClass,
    layers,
    hiddenSize,
    maxPositions,
    embedding: { table: "embed_tokens.weight", scale: traits.embeddingScale ?? 1 },
    blocks,
    finalNorm: norm("norm"),
    rotary: traits.rotary?.(headSize, maxPositions) ?? [
      readRotary(config, {
        headSize,
        maxPositions,
        partial: traits.partialRotary ?? false,
        ...(traits.theta !== undefined && { theta: traits.theta }),
        ...(traits.original !== undefined && { original: traits.original }),
      }),
    ],
    direction: traits.direction ?? "causal",
    naming,
    tiedEmbeddings: config.flag("tie_word_embeddings", traits.tied ?? false),
  };
  // transformers takes null for false.
  const causal = config.source.get("is_causal") !== null && config.flag("is_causal", true);
  return causal ? described : bidirectional(described);
}

const gatedActivations = {
  silu: "silu",
  gelu: "gelu",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_new: "gelu-tanh",
} as const satisfies Record<string, Activation>;

/** The activation that `config.json` names. */
export function readActivation(
  config: Fields,
  key: "hidden_act" | "hidden_activation",
  missing: keyof typeof gatedActivations,
): Activation {
  const words = Object.keys(gatedActivations) as (keyof typeof gatedActivations)[];
  return gatedActivations[config.word(key, words, missing)];
}

/** Which layers look only so far back, by the list `layer_types` or by the rule of the architecture. */
export function windows(
  config: Fields,
  window: number | undefined,
  rule: (layer: number) => boolean,
): (layer: number) => number | undefined {
  const layers = config.integer("num_hidden_layers", 1, 1024);
  const listed = config.perLayer("layer_types", layers, ["full_attention", "sliding_attention"]);
  return (layer) => {
    const slides = listed === undefined ? rule(layer) : listed[layer] === "sliding_attention";
    return slides ? window : undefined;
  };
}
