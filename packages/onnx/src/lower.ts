import { isOp, printShape, type Dim, type Node, type OpName } from "@espalier/tensor";
import { MICROSOFT, type Emitter } from "./emitter.ts";

export interface Context {
  readonly emitter: Emitter;
}

/** Emits the ONNX nodes of one op; returns the name of its value. */
export type Lowering<K extends OpName> = (
  inputs: readonly string[],
  node: Node<K>,
  context: Context,
) => string;

export type Lowerings = { readonly [K in OpName]: Lowering<K> };

const direct =
  (type: string): Lowering<OpName> =>
  (inputs, _, { emitter }) =>
    emitter.emit(type, inputs);

/** Leaves have names before lowering begins. */
const leaf: Lowering<OpName> = (_, node) => {
  throw new Error(`${node.op} is a leaf`);
};

/** The second argument of Reshape: sizes that stay are 0, one unknown is −1, and only else are sizes computed. */
function target(from: readonly Dim[], to: readonly Dim[], emitter: Emitter): string {
  const easy = to.map((dim, axis) => (typeof dim === "string" && dim === from[axis] ? 0 : dim));
  if (easy.filter((dim) => typeof dim === "string").length > 1) return emitter.vector(to);
  return emitter.vector(easy.map((dim) => (typeof dim === "string" ? -1 : dim)));
}

const inverseRmsKey = (x: string, epsilon: number): string => `inverseRms ${epsilon} ${x}`;

/** For ONNX Runtime, with the fused ops that it has beyond the standard. */
const fusedFor = ({ normsYieldInverse }: { normsYieldInverse: boolean }): Lowerings => ({
  input: leaf,
  weight: leaf,
  constant: (_, { attrs: { values, dtype }, shape }, { emitter }) => {
    const dims = shape.map(Number);
    return dtype === "f32" ? emitter.floats(values, dims) : emitter.integers(values, dims);
  },
  size: (_, { attrs: { dim } }, { emitter }) =>
    emitter.once(`size as float ${dim}`, () => emitter.emit("Cast", [emitter.scalar(dim)], { to: 1n })),
  range: (_, { attrs: { dim } }, { emitter }) => {
    const limits = [emitter.emit("Squeeze", [emitter.vector([0])]), emitter.scalar(dim), emitter.scalar(1)];
    return emitter.emit("Cast", [emitter.emit("Range", limits)], { to: 6n });
  },
  bandMask: (_, { shape, attrs: { before, after } }, { emitter }) => {
    const key = printShape(shape);
    const filled = (value: number) =>
      emitter.once(`${value} ${key}`, () =>
        emitter.emit("Expand", [emitter.floats([value], []), emitter.vector(shape)]),
      );
    const triangle = (upper: boolean, diagonal: number) =>
      emitter.once(`triangle ${upper} ${diagonal} ${key}`, () =>
        emitter.emit("Trilu", [filled(-3e38), emitter.scalar(diagonal)], { upper: upper ? 1n : 0n }),
      );
    const sides = [
      ...(after === null ? [] : [triangle(true, after + 1)]),
      ...(before === null ? [] : [triangle(false, -(before + 1))]),
    ];
    const [one, other] = sides;
    if (one === undefined) return filled(0);
    // The triangles do not overlap.
    return other === undefined
      ? one
      : emitter.once(`band ${before} ${after} ${key}`, () => emitter.emit("Add", sides));
  },
  add: direct("Add"),
  sub: direct("Sub"),
  mul: direct("Mul"),
  div: direct("Div"),
  neg: direct("Neg"),
  exp: direct("Exp"),
  log: direct("Log"),
  sqrt: direct("Sqrt"),
  sigmoid: direct("Sigmoid"),
  tanh: direct("Tanh"),
  erf: direct("Erf"),
  gelu: (inputs, { attrs: { tanh } }, { emitter }) =>
    emitter.emit("Gelu", inputs, { approximate: tanh ? "tanh" : "none" }),
  matmul: (inputs, { attrs: { transposeA, transposeB, scale } }, { emitter }) => {
    if (!transposeA && !transposeB && scale === 1) return emitter.emit("MatMul", inputs);
    const attributes = { transA: transposeA ? 1n : 0n, transB: transposeB ? 1n : 0n, alpha: scale };
    return emitter.emit("FusedMatMul", inputs, attributes, MICROSOFT);
  },
  transpose: (inputs, { attrs: { order } }, { emitter }) =>
    emitter.emit("Transpose", inputs, { perm: order }),
  reshape: ([x = ""], { inputs: [from], shape }, { emitter }) =>
    emitter.emit("Reshape", [x, target(from?.shape ?? [], shape, emitter)]),
  broadcast: ([x = ""], { shape }, { emitter }) => emitter.emit("Expand", [x, emitter.vector(shape)]),
  slice: ([x = ""], { attrs: { axis, start, end } }, { emitter }) =>
    emitter.emit("Slice", [x, ...[start, end, axis].map((dim) => emitter.vector([dim]))]),
  pad: ([x = ""], { attrs: { axis, before, after } }, { emitter }) =>
    emitter.emit("Pad", [
      x,
      emitter.vector([before, after]),
      emitter.floats([0], []),
      emitter.vector([axis]),
    ]),
  concat: (inputs, { attrs: { axis } }, { emitter }) =>
    emitter.emit("Concat", inputs, { axis: BigInt(axis) }),
  gather: direct("Gather"),
  // ONNX Runtime has no kernel for 32-bit indices with a 64-bit depth.
  oneHot: ([indices = ""], { attrs: { depth } }, { emitter }) =>
    emitter.emit("OneHot", [
      indices,
      emitter.once(`depth ${depth}`, () => emitter.emit("Cast", [emitter.scalar(depth)], { to: 6n })),
      emitter.floats([0, 1], [2]),
    ]),
  reduceSum: ([x = ""], { attrs: { axes, keepDims } }, { emitter }) =>
    emitter.emit("ReduceSum", [x, emitter.vector(axes)], {
      keepdims: keepDims ? 1n : 0n,
      noop_with_empty_axes: 1n,
    }),
  softmax: ([x = "", mask], _, { emitter }) =>
    emitter.emit("Softmax", [mask === undefined ? x : emitter.emit("Add", [x, mask])]),
  rmsNorm: (inputs, { attrs: { epsilon } }, { emitter }) => {
    const how = { axis: -1n, epsilon, stash_type: 1n };
    if (!normsYieldInverse) return emitter.emit("SimplifiedLayerNormalization", inputs, how);
    const [y = "", inverse = ""] = emitter.emitMany(2, "SimplifiedLayerNormalization", inputs, how);
    emitter.once(inverseRmsKey(inputs[0] ?? "", epsilon), () => inverse);
    return y;
  },
  layerNorm: (inputs, { attrs: { epsilon } }, { emitter }) =>
    emitter.emit("LayerNormalization", inputs, { axis: -1n, epsilon }),
  // The norm itself yields it on the way.
  inverseRms: ([x = ""], { attrs: { epsilon } }, { emitter }) =>
    emitter.once(inverseRmsKey(x, epsilon), () => {
      const mean = emitter.emit("ReduceMean", [emitter.emit("Mul", [x, x]), emitter.vector([-1])]);
      const shifted = emitter.emit("Add", [mean, emitter.floats([epsilon], [])]);
      return emitter.emit("Reciprocal", [emitter.emit("Sqrt", [shifted])]);
    }),
  rotary: ([x = "", cos = "", sin = ""], { attrs: { heads, inverse }, inputs, shape }, { emitter }) => {
    const turn = inverse ? emitter.once(`minus ${sin}`, () => emitter.emit("Neg", [sin])) : sin;
    const turned = 2 * Number(inputs[1]?.shape[1]);
    const partial = turned < Number(shape[2]) / heads;
    return emitter.emit(
      "RotaryEmbedding",
      [x, emitter.vector([0]), cos, turn],
      { num_heads: BigInt(heads), interleaved: 0n, rotary_embedding_dim: partial ? BigInt(turned) : 0n },
      MICROSOFT,
    );
  },
  swiGLU: ([gate = "", up = ""], _, { emitter }) =>
    emitter.emit("Mul", [emitter.emit("QuickGelu", [gate], { alpha: 1 }, MICROSOFT), up]),
  dropout: ([x = "", u = "", v = ""], { attrs: { stream, rate } }, { emitter }) => {
    const mask = emitter.once(`dropout ${stream} ${rate} ${u}`, () => {
      const drawn = emitter.emit("Add", [u, emitter.emit("Mul", [v, emitter.floats([stream], [])])]);
      const share = emitter.emit("Sub", [drawn, emitter.emit("Floor", [drawn])]);
      const kept = emitter.emit("GreaterOrEqual", [share, emitter.floats([rate], [])]);
      return emitter.emit("Mul", [
        emitter.emit("Cast", [kept], { to: 1n }),
        emitter.floats([1 / (1 - rate)], []),
      ]);
    });
    return emitter.emit("Mul", [x, mask]);
  },
  crossEntropy: ([logits = "", labels = ""], _, { emitter }) => {
    const column = emitter.emit("Unsqueeze", [labels, emitter.vector([1])]);
    const picked = emitter.emit("GatherElements", [emitter.emit("LogSoftmax", [logits]), column], {
      axis: 1n,
    });
    return emitter.emit("Neg", [emitter.emit("Squeeze", [picked, emitter.vector([1])])]);
  },
});

export const fused = fusedFor({ normsYieldInverse: true });

/** ONNX Runtime's WebGPU provider leaves the second output of its norm as it was, so that it is computed anew. */
export const fusedOnWebGpu = fusedFor({ normsYieldInverse: false });

const emit = <K extends OpName>(
  lowerings: Lowerings,
  node: Node<K>,
  inputs: readonly string[],
  context: Context,
): string => lowerings[node.op](inputs, node, context);

/** Emits all nodes, inputs before users; `names` holds the leaves and receives the rest. */
export function lower(
  order: readonly Node[],
  names: Map<Node, string>,
  emitter: Emitter,
  lowerings: Lowerings = fused,
): void {
  const name = (node: Node): string => {
    const known = names.get(node);
    if (known === undefined) throw new Error(`${node.op} is used before it is lowered`);
    return known;
  };
  for (const node of order) {
    if (isOp(node, "input") || isOp(node, "weight")) continue;
    names.set(node, emit(lowerings, node, node.inputs.map(name), { emitter }));
  }
}
