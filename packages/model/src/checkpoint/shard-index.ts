import { Problem, shardName } from "@espalier/contract";
import { JsonError, parseJson, type JsonValue } from "./json.ts";
import type { SafetensorsHeader } from "./safetensors.ts";

export const maxIndexBytes = 16 * 1024 * 1024;
const file = "model.safetensors.index.json";

/** `model.safetensors.index.json`: which shard holds which tensor. */
export interface ShardIndex {
  /** Base names of the shards, sorted. */
  readonly files: readonly string[];
  /**
   * Refuses shards that hold a tensor of which the index knows nothing. That it sends one elsewhere, or names one that no
   * shard holds, changes nothing: each is read where it lies, and a weight that is missing is refused by the model.
   */
  check(headers: ReadonlyMap<string, SafetensorsHeader>): void;
  /** What it says that is not so, and changes nothing. */
  remarks(headers: ReadonlyMap<string, SafetensorsHeader>): string[];
}

function refuse(message: string, place: { tensor?: string; byte?: number; field?: string } = {}): never {
  throw new Problem("checkpoint/malformed", message, { file, ...place });
}

/**
 * Parses an index. Shards must be siblings named `model-00001-of-0000K.safetensors`: no path, no other name.
 * @throws {Problem} naming the tensor
 */
export function parseIndex(text: string): ShardIndex {
  let root: JsonValue;
  try {
    root = parseJson(text, { maxDepth: 8, asPython: true });
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    refuse(`the index is not valid JSON: ${error.message}`, {
      byte: Buffer.byteLength(text.slice(0, error.position)),
    });
  }
  const map = root instanceof Map ? root.get("weight_map") : undefined;
  if (!(root instanceof Map) || !(map instanceof Map))
    refuse("the index has no object weight_map", { field: "/weight_map" });
  if (map.size === 0) refuse("weight_map is empty", { field: "/weight_map" });
  const weights = new Map<string, string>();
  for (const [tensor, shard] of map) {
    if (typeof shard !== "string" || !shardName.test(shard)) {
      refuse(
        `weight_map sends "${tensor.slice(0, 80)}" to ${JSON.stringify(shard).slice(0, 80)}, which is not the name of a shard beside the index`,
        { tensor },
      );
    }
    weights.set(tensor, shard);
  }
  const files = [...new Set(weights.values())].sort();
  const metadata = root.get("metadata");
  const total = metadata instanceof Map ? metadata.get("total_size") : undefined;
  return {
    files,
    check: (headers) => checkShards(weights, headers),
    remarks: (headers) => wrongHints(weights, total, headers),
  };
}

function wrongHints(
  weights: ReadonlyMap<string, string>,
  total: JsonValue | undefined,
  headers: ReadonlyMap<string, SafetensorsHeader>,
): string[] {
  const stored = [...headers.values()].flatMap(({ tensors }) => [...tensors.values()]);
  const bytes = stored.reduce((sum, tensor) => sum + tensor.bytes, 0);
  const names = new Set(stored.map(({ name }) => name));
  const absent = [...weights.keys()].filter((name) => !names.has(name));
  const remarks: string[] = [];
  if (total !== undefined && total !== bytes)
    remarks.push(
      `${file} says a total_size of ${JSON.stringify(total)?.slice(0, 40)}; the weights have ${bytes} bytes.`,
    );
  if (absent.length > 0)
    remarks.push(
      `${file} names ${absent.slice(0, 3).join(", ").slice(0, 200)}, which no shard holds and nothing needs.`,
    );
  return remarks;
}

function checkShards(
  weights: ReadonlyMap<string, string>,
  headers: ReadonlyMap<string, SafetensorsHeader>,
): void {
  for (const [shard, header] of headers) {
    for (const tensor of header.tensors.keys()) {
      if (!weights.has(tensor))
        refuse(`${shard} holds "${tensor}", which the index does not name`, { tensor });
    }
  }
}
