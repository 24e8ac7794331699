import { evaluate } from "./dim.ts";
import { isOp, type Node } from "./node.ts";
import { printShape } from "./shape.ts";
import type { Tensor, WeightSource } from "./engine.ts";

/** The inputs among a graph's nodes by name. Throws TypeError when two different ones share a name. */
export const inputsOf = (nodes: Iterable<Node>): Map<string, Node<"input">> => byName(nodes, "input");

/** The weights among a graph's nodes by name. Throws TypeError when two different ones share a name. */
export const weightsOf = (nodes: Iterable<Node>): Map<string, Node<"weight">> => byName(nodes, "weight");

function byName<K extends "input" | "weight">(nodes: Iterable<Node>, op: K): Map<string, Node<K>> {
  const found = new Map<string, Node<K>>();
  for (const node of nodes) {
    if (!isOp(node, op)) continue;
    const { name } = node.attrs;
    const other = found.get(name);
    if (other && other !== node) {
      const same = other.dtype === node.dtype && printShape(other.shape) === printShape(node.shape);
      throw new TypeError(`two ${op}s are named "${name}"${same ? "; make it once and use it twice" : ""}`);
    }
    found.set(name, node);
  }
  return found;
}

/**
 * Checks what is fed to a run and finds the values of the named sizes.
 * Throws TypeError when a tensor is missing, its type, shape or length does not fit, or two disagree on a size.
 */
export function bindSizes(
  inputs: Iterable<Node<"input">>,
  feeds: Readonly<Record<string, Tensor>>,
): Map<string, number> {
  const sizes = new Map<string, number>();
  const pairs = [...inputs].map((node) => ({ node, tensor: feed(node, feeds) }));
  for (const { node, tensor } of pairs) {
    node.shape.forEach((dim, axis) => {
      if (typeof dim === "string" && /^\w+$/.test(dim) && !sizes.has(dim)) sizes.set(dim, tensor.shape[axis]);
    });
  }
  for (const { node, tensor } of pairs) {
    const expected = node.shape.map((dim) => evaluate(dim, sizes));
    if (expected.some((dim, axis) => dim !== tensor.shape[axis])) {
      const known = [...sizes].map(([name, value]) => `${name}=${value}`).join(", ");
      throw new TypeError(
        `the input "${node.attrs.name}" is ${printShape(node.shape)}, not ${printShape(tensor.shape)}${known && ` (${known})`}`,
      );
    }
  }
  return sizes;
}

function feed(node: Node<"input">, feeds: Readonly<Record<string, Tensor>>): Tensor {
  const { name } = node.attrs;
  const tensor = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
  if (!tensor) throw new TypeError(`the input "${name}" ${printShape(node.shape)} is not fed`);
  const array = node.dtype === "f32" ? Float32Array : Int32Array;
  if (tensor.dtype !== node.dtype || !(tensor.data instanceof array))
    throw new TypeError(`the input "${name}" is ${node.dtype}, not ${tensor.dtype}`);
  if (tensor.shape.length !== node.shape.length)
    throw new TypeError(`the input "${name}" is ${printShape(node.shape)}, not ${printShape(tensor.shape)}`);
  const elements = tensor.shape.reduce((product, dim) => product * dim, 1);
  if (tensor.data.length !== elements)
    throw new TypeError(
      `the input "${name}" ${printShape(tensor.shape)} holds ${tensor.data.length} numbers`,
    );
  return tensor;
}

/** The source of a weight. Throws TypeError when it is missing, of another shape or of another length. */
export function sourceOf(node: Node<"weight">, weights: ReadonlyMap<string, WeightSource>): WeightSource {
  const { name } = node.attrs;
  const source = weights.get(name);
  if (!source) throw new TypeError(`the weight "${name}" ${printShape(node.shape)} is not given`);
  if (printShape(source.shape) !== printShape(node.shape))
    throw new TypeError(`the weight "${name}" is ${printShape(node.shape)}, not ${printShape(source.shape)}`);
  const elements = source.shape.reduce((product, dim) => product * dim, 1);
  const [has, needs] =
    "data" in source
      ? [source.data.length, elements]
      : [source.bytes, elements * (source.dtype === "F32" ? 4 : 2)];
  if (has !== needs)
    throw new TypeError(
      `the weight "${name}" ${printShape(source.shape)} takes ${needs}, not ${has} ${"data" in source ? "numbers" : "bytes"}`,
    );
  return source;
}
