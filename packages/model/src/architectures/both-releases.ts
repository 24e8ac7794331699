import type { JsonObject, JsonValue } from "../checkpoint/json.ts";
import type { ModelConfig } from "./model-config.ts";

/** Fields of `config.json`, and how their numbers are spelled. */
interface Spelled {
  readonly source: JsonObject;
  readonly spellings: ReadonlyMap<string, string>;
}

/**
 * A `config.json` that releases 4 and 5 of transformers read as the same model. They call the dtype and the rotary embeddings
 * otherwise, and each takes a default where it finds nothing under its own name. A file that has both is left as it is.
 * @param source the fields, of the same rotary embeddings as `config`
 */
export function inBothSpellings(
  source: ReadonlyMap<string, JsonValue>,
  config: Pick<ModelConfig, "rotary" | "modelType" | "spellings">,
): Spelled {
  const both: JsonObject = new Map(source);
  const dtype = both.get("dtype") ?? both.get("torch_dtype") ?? null;
  if (dtype !== null) both.set("dtype", dtype).set("torch_dtype", dtype);
  const moved = new Map<string, string>();
  if (config.rotary.length > 0) {
    const has = (key: string) => (source.get(key) ?? null) !== null;
    if (!has("rope_parameters")) addNew(both, config, moved);
    else if (!has("rope_theta") && !has("rope_scaling")) addOld(both, config, moved);
  }
  const spellings = new Map(config.spellings);
  for (const [path, spelling] of config.spellings ?? [])
    for (const [from, to] of moved)
      if (path === from || path.startsWith(`${from}/`)) spellings.set(to + path.slice(from.length), spelling);
  return { source: both, spellings };
}

type Described = Pick<ModelConfig, "rotary" | "modelType">;
/** Where a number was, by where it is written again. */
type Moved = Map<string, string>;

const objectAt = (source: ReadonlyMap<string, JsonValue>, key: string): JsonObject | undefined => {
  const value = source.get(key);
  return value instanceof Map && value.size > 0 ? value : undefined;
};

/** `rope_parameters` of release 5, which hold the base too, and one object for each kind of layer where these differ. */
function addNew(both: JsonObject, { rotary, modelType }: Described, moved: Moved): void {
  const [usual, local] = rotary;
  const scaling = objectAt(both, "rope_scaling");
  const object: JsonObject = new Map(scaling);
  object.delete("type");
  object.set("rope_type", usual!.scaling.kind);
  object.set("rope_theta", usual!.theta);
  if (modelType === "phi3" && both.has("partial_rotary_factor"))
    object.set("partial_rotary_factor", both.get("partial_rotary_factor")!);
  const path = local ? "/rope_parameters/full_attention" : "/rope_parameters";
  moved.set("/rope_scaling", path).set("/rope_theta", `${path}/rope_theta`);
  if (local) {
    const sliding: JsonObject = new Map<string, JsonValue>([
      ["rope_type", local.scaling.kind],
      ["rope_theta", local.theta],
    ]);
    moved.set("/rope_local_base_freq", "/rope_parameters/sliding_attention/rope_theta");
    both.set(
      "rope_parameters",
      new Map([
        ["full_attention", object],
        ["sliding_attention", sliding],
      ]),
    );
  } else both.set("rope_parameters", object);
}

/** `rope_theta` and `rope_scaling` of release 4, and what it wants beside them. */
function addOld(both: JsonObject, { rotary, modelType }: Described, moved: Moved): void {
  const [usual, local] = rotary;
  const parameters = objectAt(both, "rope_parameters") ?? new Map<string, JsonValue>();
  const nested = objectAt(parameters, "full_attention");
  const path = nested ? "/rope_parameters/full_attention" : "/rope_parameters";
  const object: JsonObject = new Map(nested ?? parameters);
  for (const key of ["rope_theta", "partial_rotary_factor", "type", "sliding_attention"]) object.delete(key);
  const { kind } = usual!.scaling;
  object.set("rope_type", kind);
  both.set("rope_theta", usual!.theta);
  moved.set(`${path}/rope_theta`, "/rope_theta").set(path, "/rope_scaling");
  if (local) {
    both.set("rope_local_base_freq", local.theta);
    moved.set("/rope_parameters/sliding_attention/rope_theta", "/rope_local_base_freq");
  }
  if (modelType === "phi3") {
    for (const key of ["partial_rotary_factor", "original_max_position_embeddings"])
      if (parameters.has(key) && !both.has(key)) {
        both.set(key, parameters.get(key)!);
        moved.set(`${path}/${key}`, `/${key}`);
      }
    // It takes three fields and no other.
    if (kind === "longrope")
      for (const key of object.keys())
        if (key !== "short_factor" && key !== "long_factor") object.delete(key);
    object.set("type", kind);
  }
  both.set("rope_scaling", kind === "default" ? null : object);
}
