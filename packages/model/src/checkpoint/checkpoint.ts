import { isProblem, Problem, withoutWeights } from "@espalier/contract";
import type { ModelConfig } from "../architectures/model-config.ts";
import { acceptedFiles } from "../files/accepted.ts";
import type { ModelFiles } from "../files/model-files.ts";
import type { RangeReader } from "../files/range-reader.ts";
import { filesOf, readText, type ModelSource } from "../files/read-text.ts";
import { maxConfigBytes, parseConfig } from "./config.ts";
import { isWeightDtype, widen } from "./dtype.ts";
import { checkTensors } from "./fits.ts";
import { maxIndexBytes, parseIndex, type ShardIndex } from "./shard-index.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { readHeader, type SafetensorsHeader } from "./safetensors.ts";

/**
 * An open checkpoint of the Hugging Face layout. Its headers and config are validated; its weights are not
 * read until asked for. The files must not change while it is open.
 */
export interface Checkpoint {
  readonly files: ModelFiles;
  readonly config: ModelConfig;
  /**
   * By name without the prefix of a model with a head (`model.`, `bert.`): `embed_tokens.weight`,
   * `layers.0.self_attn.q_proj.weight`, `norm.weight`; `lm_head.weight` only where it is stored and not tied to the
   * embedding; poolers and other heads where they are stored.
   */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What the names in the files start with, where they do: `model.`, or nothing. */
  readonly prefix: string;
  /** Number of weights, a tied head counted once. */
  readonly parameters: number;
  /** Bytes of all weights. */
  readonly bytes: number;
  /** What its user should know once, in full sentences: what was read past. */
  readonly remarks: readonly string[];
  /** One weight, widened to fp32 exactly; row-major in `tensors.get(name).shape`. */
  read(name: string): Promise<Float32Array>;
  /** Raw little-endian bytes [from, to) of one weight; all of it by default. Fills `into` where it is given. */
  readBytes(name: string, range?: { from?: number; to?: number; into?: Uint8Array }): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Opens a checkpoint: `config.json` and either `model.safetensors` or shards with their index.
 * @throws {Problem} naming the file, and the field, tensor or byte
 */
export async function openCheckpoint(source: ModelSource): Promise<Checkpoint> {
  const files = filesOf(source);
  const names = await acceptedFiles(files);
  const config = parseConfig(await readText(files, "config.json", maxConfigBytes));
  const index = await readIndex(files, names);
  const opened = new Map<string, RangeReader>();
  const close = async () => {
    await Promise.all([...opened.values()].map((file) => file.close()));
    opened.clear();
  };
  try {
    const headers = new Map<string, SafetensorsHeader>();
    for (const name of index?.files ?? ["model.safetensors"]) {
      const file = names.has(name) ? await files.open(name) : undefined;
      if (file === undefined)
        throw new Problem("checkpoint/incomplete", `${name} is missing`, { file: name });
      opened.set(name, file);
      try {
        headers.set(name, await readHeader(file));
      } catch (error) {
        throw isProblem(error)
          ? new Problem(error.code, `${name}: ${error.message}`, { ...error.facts, file: name })
          : error;
      }
    }
    index?.check(headers);
    const { tensors, prefix } = canonical(headers, config);
    checkTensors(config, tensors);
    const remarks = [
      ...(config.remarks ?? []),
      ...headRemarks(tensors),
      ...(index?.remarks(headers) ?? []),
      ...(index === undefined && names.has(indexFile)
        ? [`${indexFile} is not read beside model.safetensors.`]
        : []),
    ];
    return { files, config, tensors, prefix, remarks, ...size(tensors), ...reader(tensors, opened), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Heads of tasks; that a language model has an output head or a BERT a pooler goes without saying. */
function headRemarks(tensors: ReadonlyMap<string, StoredTensor>): string[] {
  const heads = new Set<string>();
  for (const name of tensors.keys()) {
    const head = /^(?:classifier|pre_classifier|qa_outputs|score|v_head)\./.exec(name);
    if (head) heads.add(name.slice(0, head[0].length - 1));
  }
  const names = [...heads].sort().join(" and ");
  return names === "" ? [] : [`The head ${names} of another task is left out of the vectors.`];
}

const indexFile = "model.safetensors.index.json";

/** The index of shards; undefined where the weights are one file, which counts before an index that lies beside it. */
async function readIndex(files: ModelFiles, names: ReadonlySet<string>): Promise<ShardIndex | undefined> {
  if (names.has("model.safetensors")) return undefined;
  if (names.has(indexFile)) return parseIndex(await readText(files, indexFile, maxIndexBytes));
  const others = (await files.others?.()) ?? [];
  throw new Problem("checkpoint/incomplete", withoutWeights(others), { file: "model.safetensors" });
}

/** The first BERT checkpoints call the weight of a normalisation gamma and its bias beta, as transformers still reads. */
const todaysName = (name: string): string =>
  name.replace(
    /(^|\.)LayerNorm\.(gamma|beta)$/,
    (_, before: string, old: string) => `${before}LayerNorm.${old === "gamma" ? "weight" : "bias"}`,
  );

function canonical(
  headers: ReadonlyMap<string, SafetensorsHeader>,
  config: ModelConfig,
): Pick<Checkpoint, "tensors" | "prefix"> {
  const { naming } = config;
  const tensors = new Map<string, StoredTensor>();
  let prefixed = false;
  for (const [file, header] of headers) {
    for (const entry of header.tensors.values()) {
      if (naming.dropped.test(entry.name)) continue;
      const carries = entry.name.startsWith(naming.prefix);
      const name = todaysName(carries ? entry.name.slice(naming.prefix.length) : entry.name);
      prefixed ||= carries;
      const place = { file, tensor: entry.name };
      if (tensors.has(name))
        throw new Problem("checkpoint/malformed", `the weight "${name}" is stored twice`, place);
      if (!isWeightDtype(entry.dtype)) {
        throw new Problem(
          "config/unsupported",
          `"${entry.name}" is ${entry.dtype}; F32, BF16 and F16 weights are supported`,
          place,
        );
      }
      const { dtype, shape, offset, bytes } = entry;
      tensors.set(name, { storedName: entry.name, file, dtype, shape, offset, bytes });
    }
  }
  if (config.tiedEmbeddings) untie(headers, tensors, config);
  return { tensors, prefix: prefixed ? naming.prefix : "" };
}

/** A tied head is the embedding: some writers store only the head and name the embedding as its alias in the metadata. */
function untie(
  headers: ReadonlyMap<string, SafetensorsHeader>,
  tensors: Map<string, StoredTensor>,
  { embedding: { table }, naming }: ModelConfig,
): void {
  const head = tensors.get("lm_head.weight");
  if (head === undefined) return;
  if (!tensors.has(table)) {
    const { metadata } = headers.get(head.file)!;
    const alias = metadata.get(naming.prefix + table) ?? metadata.get(table);
    if (alias !== head.storedName) return;
    tensors.set(table, head);
  }
  tensors.delete("lm_head.weight");
}

function size(tensors: ReadonlyMap<string, StoredTensor>): Pick<Checkpoint, "parameters" | "bytes"> {
  let parameters = 0;
  let bytes = 0;
  for (const tensor of tensors.values()) {
    parameters += tensor.shape.reduce((product, dimension) => product * dimension, 1);
    bytes += tensor.bytes;
  }
  return { parameters, bytes };
}

function reader(
  tensors: ReadonlyMap<string, StoredTensor>,
  files: ReadonlyMap<string, RangeReader>,
): Pick<Checkpoint, "read" | "readBytes"> {
  const readBytes: Checkpoint["readBytes"] = async (name, { from = 0, to, into } = {}) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new RangeError(`the checkpoint has no weight "${name}"`);
    const file = files.get(tensor.file);
    if (file === undefined) throw new Error(`the checkpoint was closed before "${name}" was read`);
    const end = to ?? tensor.bytes;
    if (!(from >= 0 && from <= end && end <= tensor.bytes))
      throw new RangeError(`bytes ${from} to ${end} of "${name}" do not exist`);
    const bytes = await file.read(tensor.offset + from, end - from, into);
    if (bytes.byteLength < end - from) {
      throw new Problem("checkpoint/malformed", `the file ended while "${name}" was read; it changed`, {
        file: tensor.file,
        tensor: name,
      });
    }
    return bytes;
  };
  return { readBytes, read: async (name) => widen(await readBytes(name), tensors.get(name)!.dtype) };
}
