import type { JsonValue } from "../checkpoint/json.ts";
import { Fields } from "./fields.ts";
import type { Rotary } from "./model-config.ts";

export interface RotaryDefaults {
  readonly headSize: number;
  readonly maxPositions: number;
  /** Where the file says nothing. @default 10,000 */
  readonly theta?: number;
  /** Whether a part of each head may be left unturned; transformers ignores such a share elsewhere. @default false */
  readonly partial?: boolean;
  /** See {@link DecoderTraits.original}. */
  readonly original?: number;
}

const common = ["rope_type", "type", "rope_theta", "partial_rotary_factor"];
const kinds = ["default", "linear", "dynamic", "llama3", "longrope"] as const;
const known: Record<(typeof kinds)[number], readonly string[]> = {
  default: [],
  linear: ["factor"],
  dynamic: ["factor"],
  llama3: ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"],
  longrope: ["factor", "short_factor", "long_factor", "attention_factor", "original_max_position_embeddings"],
};

/**
 * Reads rotary embeddings. Release 4 of transformers writes `rope_theta` and `rope_scaling`, release 5 one object
 * `rope_parameters`.
 */
export function readRotary(config: Fields, defaults: RotaryDefaults): Rotary {
  // An empty object counts as none.
  const given = config.object("rope_scaling");
  const outer = given?.source.size ? given : config.object("rope_parameters");
  return readScaling(config, outer, readTheta(config, outer, defaults.theta ?? 10_000), defaults);
}

/**
 * Reads the rotary embeddings of layers that see everything and of windowed ones, each of which has its own. Release 5 writes
 * an object for each in `rope_parameters`; `rope_scaling` is laid over the first, and says no `type` that counts.
 */
export function readBothRotary(config: Fields, defaults: RotaryDefaults): [full: Rotary, sliding: Rotary] {
  const parameters = config.object("rope_parameters");
  const full = parameters?.object("full_attention")?.source ?? new Map([["rope_type", "default"]]);
  const scaling = config.object("rope_scaling")?.source ?? new Map<string, JsonValue>();
  const merged = new Fields(new Map<string, JsonValue>([...full, ...scaling]), "rope_scaling.");
  const local = parameters?.object("sliding_attention");
  const theta = local?.has("rope_theta")
    ? local.real("rope_theta", 1, 1e12)
    : config.real("rope_local_base_freq", 1, 1e12, 10_000);
  return [
    readScaling(config, merged, readTheta(config, merged, defaults.theta ?? 1_000_000), defaults),
    readScaling(config, local, theta, defaults),
  ];
}

/** Reads rotary embeddings from one object, or the plain ones where there is none. */
function readScaling(
  config: Fields,
  scaling: Fields | undefined,
  theta: number,
  { headSize, maxPositions, partial = false, original: usual }: RotaryDefaults,
): Rotary {
  const share = scaling?.has("partial_rotary_factor") ? scaling : config;
  const turned = partial ? turnedOf(share, headSize) : headSize;
  const plain: Rotary = { turned, theta, scaling: { kind: "default" } };
  if (scaling === undefined) return plain;

  // Phi-3's first release called it "su" or "yarn".
  const spelled = scaling.source.get(scaling.has("rope_type") ? "rope_type" : "type");
  const alias = spelled === "su" || (spelled === "yarn" && config.source.get("model_type") === "phi3");
  const kind = alias
    ? "longrope"
    : scaling.word(scaling.has("rope_type") ? "rope_type" : "type", kinds, "default");
  // With plain frequencies, transformers reads past the share; with others it fails.
  if (!partial && kind !== "default") share.only({ partial_rotary_factor: [1] });
  for (const key of scaling.source.keys())
    if (!common.includes(key) && !known[kind].includes(key) && scaling.has(key))
      scaling.unsupported(key, `is not supported for "${kind}"`);

  const factor = () => scaling.real("factor", 1, 1e6);
  const original = () =>
    config.has("original_max_position_embeddings")
      ? config.integer("original_max_position_embeddings", 1, 16_777_216)
      : (usual ?? scaling.integer("original_max_position_embeddings", 1, 16_777_216, maxPositions));
  switch (kind) {
    case "default":
      return plain;
    case "linear":
      return { ...plain, scaling: { kind, factor: factor() } };
    case "dynamic":
      return { ...plain, scaling: { kind, factor: factor(), original: maxPositions } };
    case "llama3": {
      const lowFrequency = scaling.real("low_freq_factor", 1e-6, 1e6);
      const highFrequency = scaling.real("high_freq_factor", 1e-6, 1e6);
      if (highFrequency <= lowFrequency)
        scaling.malformed("high_freq_factor", `is ${highFrequency}, not more than low_freq_factor`);
      return {
        ...plain,
        scaling: { kind, factor: factor(), lowFrequency, highFrequency, original: original() },
      };
    }
    case "longrope": {
      const limit = original();
      const ratio = scaling.has("factor") ? scaling.real("factor", 1e-6, 1e6) : maxPositions / limit;
      const usual = ratio <= 1 ? 1 : Math.sqrt(1 + Math.log(ratio) / Math.log(limit));
      return {
        ...plain,
        scaling: {
          kind,
          short: scaling.reals("short_factor", turned / 2),
          long: scaling.reals("long_factor", turned / 2),
          original: limit,
          magnitude: scaling.real("attention_factor", 1e-6, 1e6, usual),
        },
      };
    }
  }
}

function turnedOf(share: Fields, headSize: number): number {
  const turned = Math.trunc(headSize * share.real("partial_rotary_factor", 0, 1, 1));
  if (turned < 2 || turned % 2 !== 0)
    share.malformed(
      "partial_rotary_factor",
      `turns ${turned} of the ${headSize} numbers of a head; rotary embeddings turn pairs`,
    );
  return turned;
}

function readTheta(config: Fields, scaling: Fields | undefined, missing: number): number {
  const theta = config.real("rope_theta", 1, 1e12, missing);
  if (!scaling?.has("rope_theta")) return theta;
  const inner = scaling.real("rope_theta", 1, 1e12);
  if (config.has("rope_theta") && inner !== theta)
    scaling.malformed("rope_theta", `is ${inner}, but rope_theta is ${theta}`);
  return inner;
}
