import type { Dim } from "./dim.ts";

/** Element types. Integers index and label; only `f32` has gradients. */
export type DType = "f32" | "i32";

/** The ops and what each needs to know besides its inputs. A new line here does not compile until the op has a shape
 *  rule, a gradient, an interpretation and a lowering in every engine. */
export interface OpAttrs {
  /** Fed on every run. */
  input: { name: string; shape: readonly Dim[]; dtype: DType };
  /** Bound once, when an executable is opened. */
  weight: { name: string; shape: readonly Dim[] };
  /** Known when the graph is built; small. Values in row-major order. */
  constant: { values: readonly number[]; shape: readonly Dim[]; dtype: DType };
  /** The value of a size as a number. */
  size: { dim: Dim };
  /** 0, 1, …, dim − 1. */
  range: { dim: Dim };
  /** [dim, dim]: 0 where row − before ≤ column ≤ row + after (null: no limit), a huge negative number elsewhere. */
  bandMask: { dim: Dim; before: number | null; after: number | null };
  add: NoAttrs;
  sub: NoAttrs;
  mul: NoAttrs;
  div: NoAttrs;
  neg: NoAttrs;
  exp: NoAttrs;
  log: NoAttrs;
  sqrt: NoAttrs;
  sigmoid: NoAttrs;
  tanh: NoAttrs;
  erf: NoAttrs;
  /** x·Φ(x), or its approximation by tanh. */
  gelu: { tanh: boolean };
  /** scale · op(a) · op(b) over the last two axes. */
  matmul: { transposeA: boolean; transposeB: boolean; scale: number };
  transpose: { order: readonly number[] };
  reshape: { shape: readonly Dim[] };
  broadcast: { shape: readonly Dim[] };
  slice: { axis: number; start: Dim; end: Dim };
  /** Zeros before and after along one axis: the gradient of `slice`. */
  pad: { axis: number; before: Dim; after: Dim };
  concat: { axis: number };
  /** Rows of a matrix by index. */
  gather: NoAttrs;
  oneHot: { depth: Dim };
  reduceSum: { axes: readonly number[]; keepDims: boolean };
  /** Over the last axis; a second input is added first (a mask). */
  softmax: NoAttrs;
  rmsNorm: { epsilon: number };
  layerNorm: { epsilon: number };
  /** 1 / √(mean(x²) + ε) over the last axis, which stays with size 1. */
  inverseRms: { epsilon: number };
  /** Rotary position embedding; `inverse` turns the other way. */
  rotary: { heads: number; inverse: boolean };
  swiGLU: NoAttrs;
  /** Zero where frac(u + stream·v) < rate, else x / (1 − rate). */
  dropout: { stream: number; rate: number };
  crossEntropy: NoAttrs;
}

type NoAttrs = Record<string, never>;

export type OpName = keyof OpAttrs;

/** A value to be computed: one op applied to other nodes. Nodes are immutable and compared by identity. */
export interface Node<K extends OpName = OpName> {
  readonly op: K;
  readonly inputs: readonly Node[];
  readonly attrs: Readonly<OpAttrs[K]>;
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** Narrows a node to the op that made it. */
export const isOp = <K extends OpName>(node: Node, op: K): node is Node<K> => node.op === op;

/** Every node that the given ones need, inputs before users, each once. */
export function topological(outputs: Iterable<Node>): Node[] {
  const done = new Set<Node>();
  const order: Node[] = [];
  // An explicit stack: graphs of deep models are deeper than the call stack allows.
  const stack = [...outputs].reverse().map((node) => ({ node, next: 0 }));
  for (let top = stack.at(-1); top; top = stack.at(-1)) {
    const child = top.node.inputs[top.next];
    if (done.has(top.node)) stack.pop();
    else if (child === undefined) {
      done.add(top.node);
      order.push(top.node);
      stack.pop();
    } else {
      top.next++;
      if (!done.has(child)) stack.push({ node: child, next: 0 });
    }
  }
  return order;
}
