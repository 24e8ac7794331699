import { open, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import {
  decode,
  inputsOf,
  sourceOf,
  topological,
  weightsOf,
  type Node,
  type WeightSource,
} from "@espalier/tensor";
import { Emitter } from "../emitter.ts";
import { lower } from "../lower.ts";
import { encodeModel } from "../proto.ts";
import { portable } from "./portable.ts";
import { storedForms } from "./weight-forms.ts";

/** A graph that is to be written for other runtimes. */
export interface OnnxFile {
  readonly outputs: Readonly<Record<string, Node>>;
  readonly weights: ReadonlyMap<string, WeightSource>;
  /**
   * In which matrices and tables of rows are stored; all computing is in float32.
   * @default "float32"
   */
  readonly precision?: "float32" | "int8";
}

/** Tensors begin at multiples of this, so that they can be mapped into memory. */
const alignment = 4096;
/** Smaller tensors stay inside the model file. */
const inlineBytes = 1024;

/**
 * Writes `<path>` and, beside it, `<path>_data` with the weights. Operator set 17, standard ops alone. Every input of the
 * graph becomes an int64 input of its name and shape, as tokenizers give them. Weights are converted one at a time. The
 * same graph and weights give the same bytes.
 * @returns names of the files, relative to the folder of `path`
 * @throws {TypeError} when a weight is missing or misshapen
 */
export async function writeOnnxFile(
  path: string,
  { outputs, weights, precision = "float32" }: OnnxFile,
): Promise<string[]> {
  const order = topological(Object.values(outputs));
  const inputs = inputsOf(order);
  const emitter = new Emitter(sizesOf(inputs));
  const names = new Map<Node, string>();
  for (const [name, node] of inputs)
    names.set(node, emitter.emit("Cast", [name], { to: node.dtype === "f32" ? 1n : 6n }));
  const nodes = weightsOf(order);
  for (const [name, node] of nodes) names.set(node, name);
  lower(order, names, emitter, portable(precision));
  for (const [name, node] of Object.entries(outputs)) emitter.alias(names.get(node) ?? "", name);

  const used = new Set(emitter.nodes.flatMap((node) => node.inputs));
  const data = await open(`${path}_data`, "w");
  let end = 0;
  try {
    for (const [name, node] of nodes) {
      const values = await read(sourceOf(node, weights));
      for (const tensor of storedForms(name, values, node.shape.map(Number), used)) {
        const bytes = tensor.data.byteLength;
        if (bytes < inlineBytes) {
          emitter.initializers.push(tensor);
          continue;
        }
        end = Math.ceil(end / alignment) * alignment;
        await writeAll(data, tensor.data, end);
        const location = `${basename(path)}_data`;
        emitter.initializers.push({ ...tensor, data: { location, offset: end, bytes } });
        end += bytes;
      }
    }
    await data.sync();
  } finally {
    await data.close();
  }

  const declared = Object.entries(outputs).map(([name, { shape }]) => ({
    name,
    type: "f32" as const,
    shape,
  }));
  const model = encodeModel({
    nodes: emitter.nodes,
    initializers: emitter.initializers,
    inputs: [...inputs].map(([name, { shape }]) => ({ name, type: "i64", shape })),
    outputs: declared,
    opsets: { "": 17 },
    ir: 8,
  });
  await writeSynced(path, model);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return [basename(path), `${basename(path)}_data`];
}

/** From which axis of which input each named size can be read. */
function sizesOf(inputs: ReadonlyMap<string, Node<"input">>): Map<string, { input: string; axis: number }> {
  const sizes = new Map<string, { input: string; axis: number }>();
  for (const [input, { shape }] of inputs) {
    for (const [axis, dim] of shape.entries())
      if (typeof dim === "string" && !sizes.has(dim)) sizes.set(dim, { input, axis });
  }
  return sizes;
}

async function read(source: WeightSource): Promise<Float32Array> {
  if ("data" in source) return source.data;
  const file = await open(source.file, "r");
  try {
    const bytes = new Uint8Array(source.bytes);
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(2 ** 30, bytes.length - done);
      const { bytesRead } = await file.read(bytes, done, length, source.offset + done);
      if (bytesRead === 0) throw new Error(`${source.file} ended while a weight was read`);
      done += bytesRead;
    }
    return decode(bytes, source.dtype);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const length = Math.min(2 ** 30, bytes.byteLength - done);
    done += (await file.write(bytes, done, length, position + done)).bytesWritten;
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  try {
    await writeAll(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
