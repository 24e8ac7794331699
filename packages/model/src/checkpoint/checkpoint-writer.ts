import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isModuleFile, modelFileNames, Problem } from "@espalier/contract";
import type { ModelFiles } from "../files/model-files.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { buildFolder, writeDurably } from "./durable.ts";
import { rewrittenTokenizer } from "../tokenizer-files/rewritten.ts";
import { formatJson, type JsonObject, type JsonValue } from "./json.ts";
import { bytesOf, writeSafetensors, type TensorSource } from "./safetensors-writer.ts";
import type { StoredTensor } from "./stored-tensor.ts";

/** Larger ones leave the processor's cache between reading and writing: 8 MiB took several times as long. */
const chunkBytes = 1024 * 1024;

/** Whether a derived checkpoint carries on a file beside the weights unchanged. */
const isCompanion = (name: string): boolean =>
  isModuleFile(name) ||
  ((modelFileNames as readonly string[]).includes(name) &&
    name !== "config.json" &&
    !name.startsWith("model."));

const shardFile = (number: number, of: number): string =>
  `model-${String(number).padStart(5, "0")}-of-${String(of).padStart(5, "0")}.safetensors`;

/** The raw bytes of a stored weight, under another name where one is given. */
export function copyOf(checkpoint: Checkpoint, key: string, name: string): TensorSource {
  const { dtype, shape, bytes } = checkpoint.tensors.get(key)!;
  return {
    name,
    dtype,
    shape,
    async *chunks() {
      const into = new Uint8Array(Math.min(bytes, chunkBytes));
      for (let from = 0; from < bytes; from += chunkBytes) {
        yield await checkpoint.readBytes(key, { from, to: Math.min(bytes, from + chunkBytes), into });
      }
    },
  };
}

/** Told after each piece of weights that was written, and before the first one. */
export type WrittenBytes = (done: number, total: number) => void;

export interface DerivedOptions {
  /** Text of `config.json`. */
  readonly config: string;
  /** Most bytes of a file of weights; a larger weight has a file of its own. @default as many files as they came from */
  readonly shardBytes?: number | undefined;
  /** The weight to write for a stored one, undefined to leave it out. */
  readonly sourceOf: (key: string, tensor: StoredTensor) => TensorSource | undefined;
  /** Texts of files beside the weights, by name. @default those of the source */
  readonly texts?: ReadonlyMap<string, string> | undefined;
  /** Names of files that do not go along. @default none */
  readonly without?: ReadonlySet<string> | undefined;
  readonly onBytes?: WrittenBytes | undefined;
}

/**
 * Writes a checkpoint folder that is derived from another: new config and weights, the same tokenizer and companions.
 * The folder appears whole or not at all.
 */
export async function writeDerived(
  source: Checkpoint,
  target: string,
  { config, shardBytes, sourceOf, onBytes, texts, without }: DerivedOptions,
): Promise<void> {
  const files = new Map<string, TensorSource[]>();
  for (const [key, tensor] of source.tensors) {
    const written = sourceOf(key, tensor);
    if (written === undefined) continue;
    const file = files.get(tensor.file);
    if (file === undefined) files.set(tensor.file, [written]);
    else file.push(written);
  }
  const kept = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tensors]) => tensors);
  const told = onBytes === undefined ? kept : counted(kept, onBytes);
  const groups = shardBytes === undefined ? told : filled(told.flat(), shardBytes);
  await buildFolder(target, async (folder) => {
    await writeWeights(folder, groups);
    await writeDurably(join(folder, "config.json"), (file) => file.writeFile(config));
    const rewritten = new Map([...(await rewrittenTokenizer(source.files)), ...(texts ?? [])]);
    for (const [name, text] of rewritten)
      await writeDurably(join(folder, name), (file) => file.writeFile(text));
    for (const name of await source.files.names())
      if (isCompanion(name) && !rewritten.has(name) && !without?.has(name))
        await copyDurably(source.files, folder, name);
  });
}

/** The same weights, which tell how much of them all has been written. */
function counted(groups: readonly TensorSource[][], onBytes: WrittenBytes): TensorSource[][] {
  const total = groups.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  let done = 0;
  onBytes(done, total);
  return groups.map((tensors) =>
    tensors.map((tensor) => ({
      ...tensor,
      async *chunks() {
        for await (const chunk of tensor.chunks()) {
          yield chunk;
          onBytes((done += chunk.byteLength), total);
        }
      },
    })),
  );
}

/** Weights in their order, in as few groups of at most `most` bytes as that allows. */
function filled(tensors: readonly TensorSource[], most: number): TensorSource[][] {
  const groups: TensorSource[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    const group = groups.at(-1);
    if (group !== undefined && bytes <= room) group.push(tensor);
    else groups.push([tensor]);
    room = (group !== undefined && bytes <= room ? room : most) - bytes;
  }
  return groups;
}

async function writeWeights(folder: string, groups: readonly (readonly TensorSource[])[]): Promise<void> {
  if (groups.length === 1) {
    await writeSafetensors(join(folder, "model.safetensors"), groups[0]!);
    return;
  }
  const weights = new Map<string, string>();
  let total = 0;
  for (const [i, tensors] of groups.entries()) {
    const name = shardFile(i + 1, groups.length);
    await writeSafetensors(join(folder, name), tensors);
    for (const tensor of tensors) weights.set(tensor.name, name);
    total += tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  }
  const index: JsonObject = new Map<string, JsonValue>([
    ["metadata", new Map([["total_size", total]])],
    ["weight_map", new Map([...weights].sort(([a], [b]) => (a < b ? -1 : 1)))],
  ]);
  await writeDurably(join(folder, "model.safetensors.index.json"), (file) =>
    file.writeFile(formatJson(index)),
  );
}

async function copyDurably(files: ModelFiles, to: string, name: string): Promise<void> {
  if (isModuleFile(name)) await mkdir(join(to, dirname(name)), { recursive: true });
  const source = await files.open(name);
  if (source === undefined) throw new Problem("checkpoint/incomplete", `${name} is missing`, { file: name });
  try {
    await writeDurably(join(to, name), async (file) => {
      for (let from = 0; from < source.size; from += chunkBytes)
        await file.appendFile(await source.read(from, Math.min(chunkBytes, source.size - from)));
    });
  } finally {
    await source.close();
  }
}
