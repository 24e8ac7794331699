import { evaluate, minus, normal, plus, volume, type Dim } from "./dim.ts";
import type { DType, Node, OpAttrs, OpName } from "./node.ts";

/** What a node yields. */
interface Yield {
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

type Rule<K extends OpName> = (inputs: readonly Node[], attrs: OpAttrs[K]) => Yield;

const f32 = (shape: readonly Dim[]): Yield => ({ shape, dtype: "f32" });
const i32 = (shape: readonly Dim[]): Yield => ({ shape, dtype: "i32" });

/** A shape as people write it: `[batch, 64]`. */
export const printShape = (shape: readonly Dim[]): string => `[${shape.join(", ")}]`;

const sameShape = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis]);

/** The shape that both broadcast to: aligned at the last axis, sizes equal or 1. Throws TypeError when there is none. */
function broadcastShape(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const x = a[a.length - rank + axis] ?? 1;
    const y = b[b.length - rank + axis] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new TypeError(`${printShape(a)} and ${printShape(b)} do not broadcast`);
    return x === 1 ? y : x;
  });
}

function check(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new TypeError(message());
}

const floats = (inputs: readonly Node[]): void =>
  check(
    inputs.every(({ dtype }) => dtype === "f32"),
    () => "only f32 can be computed with",
  );

const binary = (inputs: readonly Node[]): Yield => {
  floats(inputs);
  return f32(broadcastShape(inputs[0].shape, inputs[1].shape));
};
const unary = (inputs: readonly Node[]): Yield => {
  floats(inputs);
  return f32(inputs[0].shape);
};
const last = (shape: readonly Dim[]): Dim => {
  check(shape.length > 0, () => "a scalar has no last axis");
  return shape[shape.length - 1];
};
const hasAxis = (shape: readonly Dim[], axis: number): void =>
  check(
    Number.isInteger(axis) && axis >= 0 && axis < shape.length,
    () => `no axis ${axis} in ${printShape(shape)}`,
  );

/** Shape, element type and legality of every op. Rules throw TypeError with both shapes in the message. */
export const rules: { readonly [K in OpName]: Rule<K> } = {
  input: (_, { shape, dtype }) => ({ shape: shape.map(normal), dtype }),
  weight: (_, { shape }) => f32(shape.map(normal)),
  constant: (_, { values, shape, dtype }) => {
    check(volume(shape) === values.length, () => `${values.length} values do not fill ${printShape(shape)}`);
    return { shape, dtype };
  },
  size: () => f32([]),
  range: (_, { dim }) => i32([normal(dim)]),
  bandMask: (_, { dim, before, after }) => {
    check(
      [before, after].every((limit) => limit === null || (Number.isInteger(limit) && limit >= 0)),
      () => `no band of ${before} before and ${after} after`,
    );
    return f32([normal(dim), normal(dim)]);
  },
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  neg: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  sigmoid: unary,
  tanh: unary,
  erf: unary,
  gelu: unary,
  matmul: (inputs, { transposeA, transposeB }) => {
    floats(inputs);
    const [a, b] = inputs.map(({ shape }) => shape);
    check(
      a.length >= 2 && b.length >= 2,
      () => `matmul needs matrices, not ${printShape(a)} and ${printShape(b)}`,
    );
    const [rows, inner] = transposeA ? [last(a), a[a.length - 2]] : [a[a.length - 2], last(a)];
    const [inner2, columns] = transposeB ? [last(b), b[b.length - 2]] : [b[b.length - 2], last(b)];
    check(
      inner === inner2,
      () =>
        `matmul of ${printShape(a)}${transposeA ? "ᵀ" : ""} and ${printShape(b)}${transposeB ? "ᵀ" : ""}: ${inner} ≠ ${inner2}`,
    );
    return f32([...broadcastShape(a.slice(0, -2), b.slice(0, -2)), rows, columns]);
  },
  transpose: ([x], { order }) => {
    check(
      order.length === x.shape.length && new Set(order).size === order.length,
      () => `order ${order.join()} does not permute ${printShape(x.shape)}`,
    );
    order.forEach((axis) => hasAxis(x.shape, axis));
    return { shape: order.map((axis) => x.shape[axis]), dtype: x.dtype };
  },
  reshape: ([x], { shape }) => {
    check(
      volume(shape) === volume(x.shape),
      () =>
        `${printShape(x.shape)} cannot become ${printShape(shape)}: ${volume(x.shape)} ≠ ${volume(shape)} elements`,
    );
    return { shape: shape.map(normal), dtype: x.dtype };
  },
  broadcast: ([x], { shape }) => {
    const wanted = shape.map(normal);
    check(
      sameShape(broadcastShape(x.shape, wanted), wanted),
      () => `${printShape(x.shape)} does not broadcast to ${printShape(wanted)}`,
    );
    return { shape: wanted, dtype: x.dtype };
  },
  slice: ([x], { axis, start, end }) => {
    hasAxis(x.shape, axis);
    const length = minus(end, start);
    const fits = [start, length, minus(x.shape[axis], end)].every(
      (dim) => typeof dim === "string" || dim >= 0,
    );
    check(fits, () => `no slice ${start}…${end} in axis ${axis} of ${printShape(x.shape)}`);
    return { shape: x.shape.with(axis, length), dtype: x.dtype };
  },
  pad: ([x], { axis, before, after }) => {
    hasAxis(x.shape, axis);
    return { shape: x.shape.with(axis, plus(plus(before, x.shape[axis]), after)), dtype: x.dtype };
  },
  concat: (inputs, { axis }) => {
    const [first, ...others] = inputs;
    check(first !== undefined, () => "concat needs an input");
    hasAxis(first.shape, axis);
    for (const { shape, dtype } of others) {
      check(
        dtype === first.dtype && sameShape(shape.with(axis, 0), first.shape.with(axis, 0)),
        () => `${printShape(first.shape)} and ${printShape(shape)} do not join along axis ${axis}`,
      );
    }
    return {
      shape: first.shape.with(axis, inputs.map(({ shape }) => shape[axis]).reduce(plus)),
      dtype: first.dtype,
    };
  },
  gather: ([table, indices]) => {
    check(table.shape.length === 2, () => `gather takes rows of a matrix, not of ${printShape(table.shape)}`);
    check(indices.dtype === "i32", () => "gather needs i32 indices");
    return { shape: [...indices.shape, table.shape[1]], dtype: table.dtype };
  },
  oneHot: ([indices], { depth }) => {
    check(indices.dtype === "i32", () => "oneHot needs i32 indices");
    return f32([...indices.shape, normal(depth)]);
  },
  reduceSum: ([x], { axes, keepDims }) => {
    floats([x]);
    axes.forEach((axis) => hasAxis(x.shape, axis));
    const reduced = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    return f32(keepDims ? reduced : reduced.filter((_, axis) => !axes.includes(axis)));
  },
  softmax: (inputs) => {
    floats(inputs);
    const [x, mask] = inputs;
    last(x.shape);
    check(
      mask === undefined || sameShape(broadcastShape(x.shape, mask.shape), x.shape),
      () => `the mask ${printShape(mask.shape)} does not broadcast to ${printShape(x.shape)}`,
    );
    return f32(x.shape);
  },
  rmsNorm: (inputs) => {
    floats(inputs);
    const [x, weight] = inputs;
    check(
      sameShape(weight.shape, [last(x.shape)]),
      () =>
        `rmsNorm of ${printShape(x.shape)} needs a weight [${last(x.shape)}], not ${printShape(weight.shape)}`,
    );
    return f32(x.shape);
  },
  layerNorm: (inputs) => {
    floats(inputs);
    const [x, weight, bias] = inputs;
    check(
      [weight, bias].every(({ shape }) => sameShape(shape, [last(x.shape)])),
      () =>
        `layerNorm of ${printShape(x.shape)} needs weight and bias [${last(x.shape)}], not ${printShape(weight.shape)} and ${printShape(bias.shape)}`,
    );
    return f32(x.shape);
  },
  inverseRms: (inputs) => {
    floats(inputs);
    const [{ shape }] = inputs;
    last(shape);
    return f32(shape.with(shape.length - 1, 1));
  },
  rotary: (inputs, { heads }) => {
    floats(inputs);
    const [x, cos, sin] = inputs;
    check(
      x.shape.length === 3,
      () => `rotary turns [batch, time, heads*headSize], not ${printShape(x.shape)}`,
    );
    const width = x.shape[2];
    const headSize = typeof width === "number" ? width / heads : Number.NaN;
    const fits = ({ shape }: Node) =>
      shape.length === 2 &&
      shape[0] === x.shape[1] &&
      typeof shape[1] === "number" &&
      shape[1] > 0 &&
      2 * shape[1] <= headSize;
    check(
      Number.isInteger(headSize) && [cos, sin].every(fits) && sameShape(cos.shape, sin.shape),
      () =>
        `rotary of ${printShape(x.shape)} with ${heads} heads needs tables [time, up to headSize/2], not ${printShape(cos.shape)} and ${printShape(sin.shape)}`,
    );
    return f32(x.shape);
  },
  swiGLU: (inputs) => {
    floats(inputs);
    const [gate, up] = inputs;
    check(
      sameShape(gate.shape, up.shape),
      () => `swiGLU needs equal shapes, not ${printShape(gate.shape)} and ${printShape(up.shape)}`,
    );
    return f32(gate.shape);
  },
  dropout: (inputs, { stream, rate }) => {
    floats(inputs);
    const [x, u, v] = inputs;
    check(
      sameShape(x.shape, u.shape) && sameShape(x.shape, v.shape),
      () => `dropout of ${printShape(x.shape)} needs noise of its shape, not ${printShape(u.shape)}`,
    );
    check(
      Number.isInteger(stream) && stream >= 0 && rate >= 0 && rate < 1,
      () => `no dropout at rate ${rate} in stream ${stream}`,
    );
    return f32(x.shape);
  },
  crossEntropy: ([logits, labels]) => {
    floats([logits]);
    check(
      labels.dtype === "i32" && logits.shape.length === 2 && sameShape(labels.shape, [logits.shape[0]]),
      () =>
        `crossEntropy needs logits [rows, classes] and i32 labels [rows], not ${printShape(logits.shape)} and ${printShape(labels.shape)}`,
    );
    return f32(labels.shape);
  },
};

/** Concrete sizes of a shape. */
export const concrete = (shape: readonly Dim[], sizes: ReadonlyMap<string, number>): number[] =>
  shape.map((dim) => evaluate(dim, sizes));
