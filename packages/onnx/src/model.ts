import { realpath } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { inputsOf, sourceOf, topological, weightsOf, type Node, type WeightSource } from "@espalier/tensor";
import { Emitter, MICROSOFT } from "./emitter.ts";
import { fused, lower, type Lowerings } from "./lower.ts";
import { encodeModel, type TensorProto } from "./proto.ts";

/** A graph as an ONNX model. */
export interface Model {
  /** The model file; a few kilobytes, as weights stay in their files. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly inputs: ReadonlyMap<string, Node<"input">>;
  /** The folder from which the model's references to files start. */
  readonly folder: string;
  /** Whether no weight is multiplied by more than once, so that rearranging weights does not copy them. */
  readonly packable: boolean;
}

const dataTypes = { F32: "f32", F16: "f16", BF16: "bf16" } as const;

/**
 * Writes the model for ONNX Runtime.
 * @param lowerings default: `fused`, for processors and CUDA
 * @throws TypeError when a weight is missing or misshapen
 */
export async function buildModel(
  outputs: Readonly<Record<string, Node>>,
  weights: ReadonlyMap<string, WeightSource>,
  lowerings: Lowerings = fused,
): Promise<Model> {
  const order = topological(Object.values(outputs));
  const inputs = inputsOf(order);
  const emitter = new Emitter(sizesIn(inputs));
  const names = new Map<Node, string>();
  for (const [name, node] of inputs) names.set(node, `input:${name}`);

  const sources = new Map(
    [...weightsOf(order)].map(([name, node]) => [name, { node, source: sourceOf(node, weights) }]),
  );
  const files = await realPaths([...sources.values()].map(({ source }) => source));
  const folder = commonFolder([...files.values()]);
  for (const [name, { node, source }] of sources) {
    const tensor = initializer(`weight:${name}`, source, (file) => relative(folder, files.get(file) ?? file));
    emitter.initializers.push(tensor);
    // Computed once, when the session opens: ONNX Runtime folds what depends on constants alone.
    names.set(node, tensor.type === "f32" ? tensor.name : emitter.emit("Cast", [tensor.name], { to: 1n }));
  }
  lower(order, names, emitter, lowerings);
  for (const [name, node] of Object.entries(outputs)) emitter.alias(names.get(node) ?? "", `output:${name}`);

  const bytes = encodeModel({
    nodes: emitter.nodes,
    initializers: emitter.initializers,
    inputs: [...inputs].map(([name, { dtype, shape }]) => ({ name: `input:${name}`, type: dtype, shape })),
    outputs: Object.entries(outputs).map(([name, { dtype, shape }]) => ({
      name: `output:${name}`,
      type: dtype,
      shape,
    })),
    opsets: { "": 21, [MICROSOFT]: 1 },
  });
  return { bytes, inputs, folder, packable: multipliedOnce(order) };
}

function multipliedOnce(order: readonly Node[]): boolean {
  const factors = order.filter(({ op }) => op === "matmul").flatMap(({ inputs }) => inputs);
  const weights = factors.filter(({ op }) => op === "weight");
  return new Set(weights).size === weights.length;
}

/** From which axis of which input each named size can be read. */
function sizesIn(inputs: ReadonlyMap<string, Node<"input">>): Map<string, { input: string; axis: number }> {
  const sizes = new Map<string, { input: string; axis: number }>();
  for (const [name, { shape }] of inputs) {
    shape.forEach((dim, axis) => {
      if (typeof dim === "string" && !sizes.has(dim)) sizes.set(dim, { input: `input:${name}`, axis });
    });
  }
  return sizes;
}

function initializer(name: string, source: WeightSource, locate: (file: string) => string): TensorProto {
  const { shape } = source;
  if ("data" in source) {
    const { buffer, byteOffset, byteLength } = source.data;
    return { name, type: "f32", shape, data: new Uint8Array(buffer, byteOffset, byteLength) };
  }
  const { file, offset, bytes } = source;
  return { name, type: dataTypes[source.dtype], shape, data: { location: locate(file), offset, bytes } };
}

/** ONNX Runtime refuses files outside of the model's folder, also by symbolic links, which hub caches are made of. */
async function realPaths(sources: readonly WeightSource[]): Promise<Map<string, string>> {
  const files = new Set(sources.flatMap((source) => ("file" in source ? [source.file] : [])));
  return new Map(
    await Promise.all([...files].map(async (file) => [file, await realpath(resolve(file))] as const)),
  );
}

/** The deepest folder that holds all files. */
function commonFolder(files: readonly string[]): string {
  const [first = "", ...others] = files.map((file) => `${dirname(file)}/`.replace("//", "/"));
  let folder = first;
  while (others.some((other) => !other.startsWith(folder))) folder = `${dirname(folder)}/`.replace("//", "/");
  return folder;
}
