import { normal, volume, type Dim } from "./dim.ts";
import type { DType, Node, OpAttrs, OpName } from "./node.ts";
import { rules } from "./shape.ts";

/** Where a node is expected, a number stands for a scalar constant. */
export type Operand = Node | number;

/** Applies an op. Throws TypeError when the shapes do not fit. */
function apply<K extends OpName>(op: K, inputs: readonly Node[], attrs: OpAttrs[K]): Node<K> {
  return { op, inputs, attrs, ...rules[op](inputs, attrs) };
}

const node = (operand: Operand): Node => (typeof operand === "number" ? constant([operand], []) : operand);

/** A tensor fed on every run, such as token embeddings or a LoRA factor. */
export const input = (name: string, shape: readonly Dim[], dtype: DType = "f32"): Node =>
  apply("input", [], { name, shape, dtype });

/** A tensor bound when the executable is opened, straight from a checkpoint. Its shape is the checkpoint's. */
export const weight = (name: string, shape: readonly number[]): Node => apply("weight", [], { name, shape });

/** A small tensor known now; values in row-major order. */
export const constant = (values: readonly number[], shape: readonly number[], dtype: DType = "f32"): Node =>
  apply("constant", [], { values, shape, dtype });

/** A size as an f32 scalar, to divide by it. */
export const size = (dim: Dim): Node =>
  typeof dim === "number" ? constant([dim], []) : apply("size", [], { dim: normal(dim) });

/** 0, 1, …, dim − 1 as i32 [dim]. */
export const range = (dim: Dim): Node => apply("range", [], { dim });

/** Which positions one may look at: so many before itself and after itself; null is no limit. */
export interface Band {
  readonly before: number | null;
  readonly after: number | null;
}

/** [dim, dim], to be added to attention scores: 0 where row − before ≤ column ≤ row + after, −3e38 elsewhere. */
export const bandMask = (dim: Dim, { before, after }: Band): Node =>
  apply("bandMask", [], { dim, before, after });

/** a + b, broadcasting. */
export const add = (a: Operand, b: Operand): Node => apply("add", [node(a), node(b)], {});
/** a − b, broadcasting. */
export const sub = (a: Operand, b: Operand): Node => apply("sub", [node(a), node(b)], {});
/** a · b element by element, broadcasting. */
export const mul = (a: Operand, b: Operand): Node => apply("mul", [node(a), node(b)], {});
/** a / b, broadcasting. */
export const div = (a: Operand, b: Operand): Node => apply("div", [node(a), node(b)], {});
export const neg = (x: Node): Node => apply("neg", [x], {});
export const exp = (x: Node): Node => apply("exp", [x], {});
/** Natural logarithm. */
export const log = (x: Node): Node => apply("log", [x], {});
export const sqrt = (x: Node): Node => apply("sqrt", [x], {});
export const sigmoid = (x: Node): Node => apply("sigmoid", [x], {});
export const tanh = (x: Node): Node => apply("tanh", [x], {});
/** 2/√π · ∫₀ˣ exp(−t²) dt. */
export const erf = (x: Node): Node => apply("erf", [x], {});

/**
 * x·Φ(x) with the normal distribution Φ; with `tanh` by the approximation x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
 * Hendrycks and Gimpel 2016 (arXiv:1606.08415).
 */
export const gelu = (x: Node, { tanh = false }: { tanh?: boolean } = {}): Node =>
  apply("gelu", [x], { tanh });

/**
 * scale · a · b over the last two axes; the axes before them broadcast.
 * `transposeB` multiplies by a checkpoint's [out, in] matrix as it lies: `matmul(x, w, { transposeB: true })`.
 */
export const matmul = (
  a: Node,
  b: Node,
  { transposeA = false, transposeB = false, scale = 1 }: Partial<OpAttrs["matmul"]> = {},
): Node => apply("matmul", [a, b], { transposeA, transposeB, scale });

/** Axis i of the result is axis `order[i]` of x. */
export const transpose = (x: Node, order: readonly number[]): Node => apply("transpose", [x], { order });

/** The same elements in row-major order under another shape, such as `["batch*time", 576]`. */
export const reshape = (x: Node, shape: readonly Dim[]): Node => apply("reshape", [x], { shape });

/** Repeats axes of size 1 (and missing leading ones) to the given shape. */
export const broadcast = (x: Node, shape: readonly Dim[]): Node => apply("broadcast", [x], { shape });

/** Elements start … end − 1 of one axis; `end` defaults to the axis' size. */
export const slice = (x: Node, axis: number, start: Dim, end: Dim = x.shape[axis]): Node =>
  apply("slice", [x], { axis, start: normal(start), end: normal(end) });

/** Zeros before and after along one axis. */
export const pad = (x: Node, axis: number, before: Dim, after: Dim): Node =>
  apply("pad", [x], { axis, before: normal(before), after: normal(after) });

/** Joins along an axis. */
export const concat = (parts: readonly Node[], axis: number): Node => apply("concat", parts, { axis });

/** Rows of `table` [rows, columns] at i32 `indices` […] → […, columns]. */
export const gather = (table: Node, indices: Node): Node => apply("gather", [table, indices], {});

/** i32 indices […] → […, depth]: 1 at the index, 0 elsewhere. */
export const oneHot = (indices: Node, depth: Dim): Node => apply("oneHot", [indices], { depth });

/** Sum over `axes`, which vanish unless `keepDims`. */
export const reduceSum = (x: Node, axes: readonly number[], keepDims = false): Node =>
  apply("reduceSum", [x], { axes, keepDims });

/** Mean over `axes`, which vanish unless `keepDims`. */
export const reduceMean = (x: Node, axes: readonly number[], keepDims = false): Node =>
  div(reduceSum(x, axes, keepDims), size(volume(axes.map((axis) => x.shape[axis]))));

/** Softmax over the last axis of x + mask. */
export const softmax = (x: Node, mask?: Node): Node => apply("softmax", mask ? [x, mask] : [x], {});

/** x / √(mean(x²) + ε) · weight over the last axis. Zhang and Sennrich 2019 (arXiv:1910.07467). */
export const rmsNorm = (x: Node, weightNode: Node, epsilon: number): Node =>
  apply("rmsNorm", [x, weightNode], { epsilon });

/** (x − mean(x)) / √(variance(x) + ε) · weight + bias over the last axis. Ba et al. 2016 (arXiv:1607.06450). */
export const layerNorm = (x: Node, weightNode: Node, bias: Node, epsilon: number): Node =>
  apply("layerNorm", [x, weightNode, bias], { epsilon });

/** 1 / √(mean(x²) + ε) over the last axis, which stays with size 1. */
export const inverseRms = (x: Node, epsilon: number): Node => apply("inverseRms", [x], { epsilon });

/**
 * Rotary position embedding of x [batch, time, heads*headSize] by tables [time, turned/2]; the first `turned` numbers of
 * a head are turned, their two halves against each other as in Hugging Face's Llama; the rest stays.
 * Su et al. 2021 (arXiv:2104.09864).
 */
export const rotary = (x: Node, cos: Node, sin: Node, heads: number, inverse = false): Node =>
  apply("rotary", [x, cos, sin], { heads, inverse });

/** gate · sigmoid(gate) · up. Shazeer 2020 (arXiv:2002.05202). */
export const swiGLU = (gate: Node, up: Node): Node => apply("swiGLU", [gate, up], {});

/**
 * Dropout of x by fed noise u and v, shaped like x and uniform in [0, 1): zero where frac(u + stream·v) < rate, else
 * x / (1 − rate). Sums of this kind are uniform, and those of two streams independent of each other, so that the same
 * noise serves every layer with a stream of its own. Srivastava et al. 2014 (JMLR 15:1929).
 */
export const dropout = (x: Node, u: Node, v: Node, attrs: OpAttrs["dropout"]): Node =>
  apply("dropout", [x, u, v], attrs);

/** −log softmax(logits)[label] of each row: logits [rows, classes], i32 labels [rows] → [rows]. */
export const crossEntropy = (logits: Node, labels: Node): Node => apply("crossEntropy", [logits, labels], {});

/** Sums a broadcast tensor back to `shape`. */
export function sumTo(x: Node, shape: readonly Dim[]): Node {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, axis) =>
    axis < lead || (shape[axis - lead] === 1 && dim !== 1) ? [axis] : [],
  );
  if (axes.length === 0) return x;
  const sum = reduceSum(x, axes, true);
  return lead === 0 ? sum : reshape(sum, shape);
}
