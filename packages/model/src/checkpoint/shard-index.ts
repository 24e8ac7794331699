import { Problem, shardName } from "@espalier/contract";
import { JsonError, parseJson, type JsonValue } from "./json.ts";
import type { SafetensorsHeader } from "./safetensors.ts";

export const maxIndexBytes = 16 * 1024 * 1024;
const file = "model.safetensors.index.json";

/** `model.safetensors.index.json`: which shard holds which tensor. */
export interface ShardIndex {
  /** Base names of the shards, sorted. */
  readonly files: readonly string[];
  /** Refuses shards that do not hold exactly what the index says. */
  check(headers: ReadonlyMap<string, SafetensorsHeader>): void;
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
    root = parseJson(text, { maxDepth: 8 });
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
  const metadata = root.get("metadata");
  const total = metadata instanceof Map ? metadata.get("total_size") : undefined;
  const files = [...new Set(weights.values())].sort();
  return { files, check: (headers) => checkShards(weights, total, headers) };
}

function checkShards(
  weights: ReadonlyMap<string, string>,
  total: JsonValue | undefined,
  headers: ReadonlyMap<string, SafetensorsHeader>,
): void {
  let bytes = 0;
  for (const [tensor, shard] of weights) {
    const entry = headers.get(shard)?.tensors.get(tensor);
    if (entry === undefined)
      refuse(`the index places "${tensor}" in ${shard}, which does not hold it`, { tensor });
    bytes += entry.bytes;
  }
  for (const [shard, header] of headers) {
    for (const tensor of header.tensors.keys()) {
      if (weights.get(tensor) !== shard)
        refuse(`${shard} holds "${tensor}", which the index does not place there`, { tensor });
    }
  }
  if (total !== undefined && total !== bytes)
    refuse(`metadata.total_size is ${JSON.stringify(total)}, but the tensors have ${bytes} bytes`, {
      field: "/metadata/total_size",
    });
}
