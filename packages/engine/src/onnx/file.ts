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
import { Emitter } from "./emitter.ts";
import { lower } from "./lower.ts";
import { forms, middle8, portable } from "./portable.ts";
import { encodeModel, type TensorProto } from "./proto.ts";

/** A graph that is to be written for other runtimes. */
export interface OnnxFile {
  readonly outputs: Readonly<Record<string, Node>>;
  readonly weights: ReadonlyMap<string, WeightSource>;
  /** @default "float32" */
  readonly precision?: "float32" | "int8";
}

/** Tensors begin at multiples of this, so that they can be mapped into memory. */
const alignment = 4096;
/** Smaller tensors stay inside the model file. */
const inlineBytes = 1024;

/**
 * Writes `<path>` and, beside it, `<path>_data` with the weights. Operator set 17, standard ops alone. Every input of the
 * graph becomes an int64 input of its name and shape, as tokenizers give them. Weights are converted one at a time.
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
      const views = viewsOf(name).filter((view) => used.has(view.name));
      if (views.length === 0) continue;
      const matrix = await read(sourceOf(node, weights));
      for (const { name: view, make } of views) {
        const tensor = make(matrix, node.shape.map(Number));
        const bytes = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
        if (bytes.byteLength < inlineBytes) {
          emitter.initializers.push({ ...tensor, name: view, data: bytes });
          continue;
        }
        end = Math.ceil(end / alignment) * alignment;
        await writeAll(data, bytes, end);
        const location = `${basename(path)}_data`;
        emitter.initializers.push({
          ...tensor,
          name: view,
          data: { location, offset: end, bytes: bytes.byteLength },
        });
        end += bytes.byteLength;
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

interface Made {
  readonly type: TensorProto["type"];
  readonly shape: readonly number[];
  readonly data: Float32Array | Int8Array | Uint8Array;
}
interface View {
  readonly name: string;
  readonly make: (values: Float32Array, shape: readonly number[]) => Made;
}

/** A weight in every form in which it may stand in the file. */
const viewsOf = (name: string): View[] => [
  { name, make: (data, shape) => ({ type: "f32", shape, data }) },
  {
    name: forms.turned(name),
    make: (data, [rows = 1, columns = 1]) => ({
      type: "f32",
      shape: [columns, rows],
      data: transpose(data, new Float32Array(data.length), rows, columns),
    }),
  },
  {
    name: forms.turned8(name),
    make: (data, [rows = 1, columns = 1]) => ({
      type: "u8",
      shape: [columns, rows],
      data: transpose(unsigned(quantise(data, rows)), new Uint8Array(data.length), rows, columns),
    }),
  },
  {
    name: forms.columnScales(name),
    make: (data, [rows = 1]) => ({ type: "f32", shape: [rows], data: scalesOf(data, rows) }),
  },
  {
    name: forms.rows8(name),
    make: (data, [rows = 1, columns = 1]) => ({
      type: "i8",
      shape: [rows, columns],
      data: quantise(data, rows),
    }),
  },
  {
    name: forms.rowScales(name),
    make: (data, [rows = 1]) => ({ type: "f32", shape: [rows, 1], data: scalesOf(data, rows) }),
  },
];

/** What one step of each row stands for: its largest magnitude over 127. */
function scalesOf(data: Float32Array, rows: number): Float32Array {
  const columns = data.length / rows;
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let largest = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++)
      largest = Math.max(largest, Math.abs(data[i] ?? 0));
    scales[row] = largest === 0 ? 1 : largest / 127;
  }
  return scales;
}

/** Each row in steps of its scale, nearest. */
function quantise(data: Float32Array, rows: number): Int8Array {
  const scales = scalesOf(data, rows);
  const columns = data.length / rows;
  const steps = new Int8Array(data.length);
  for (let i = 0; i < data.length; i++)
    steps[i] = Math.round((data[i] ?? 0) / (scales[Math.floor(i / columns)] ?? 1));
  return steps;
}

/** Signed steps as unsigned ones around {@link middle8}. */
const unsigned = (steps: Int8Array): Uint8Array => Uint8Array.from(steps, (step) => step + middle8);

/** Block by block, so that neither side is walked against its grain. */
function transpose<A extends Float32Array | Uint8Array>(from: A, to: A, rows: number, columns: number): A {
  const block = 32;
  for (let top = 0; top < rows; top += block) {
    for (let left = 0; left < columns; left += block) {
      const [bottom, right] = [Math.min(rows, top + block), Math.min(columns, left + block)];
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++)
          to[column * rows + row] = from[row * columns + column] ?? 0;
    }
  }
  return to;
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
