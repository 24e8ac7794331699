import { evaluate } from "./dim.ts";
import { bindSizes, inputsOf, sourceOf, weightsOf } from "./feeds.ts";
import { decode } from "./half.ts";
import { topological, type Node, type OpName } from "./node.ts";
import { concrete } from "./shape.ts";
import type { Engine, Executable, Tensor, WeightSource } from "./engine.ts";

/** Numbers in row-major order, in double precision; integers too. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

interface Run {
  readonly sizes: ReadonlyMap<string, number>;
  readonly leaf: (node: Node) => Value;
}

type Kernel<K extends OpName> = (inputs: readonly Value[], node: Node<K>, run: Run) => Value;

const count = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/** Fills a shape by asking for the value at each index. */
function fill(shape: readonly number[], at: (index: readonly number[], flat: number) => number): Value {
  const data = new Float64Array(count(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < data.length; flat++) {
    data[flat] = at(index, flat);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return { shape, data };
}

/** Where the element at `index` of a broadcast shape lies in `shape`. */
function offset(shape: readonly number[], index: readonly number[]): number {
  let flat = 0;
  const lead = index.length - shape.length;
  for (let axis = 0; axis < shape.length; axis++)
    flat = flat * shape[axis] + (shape[axis] === 1 ? 0 : index[lead + axis]);
  return flat;
}

const at = ({ shape, data }: Value, index: readonly number[]): number => data[offset(shape, index)];

const shapeOf = (node: Node, { sizes }: Run): number[] => concrete(node.shape, sizes);

const binary =
  (compute: (a: number, b: number) => number) =>
  ([a, b]: readonly Value[], node: Node, run: Run): Value =>
    fill(shapeOf(node, run), (index) => compute(at(a, index), at(b, index)));

const unary =
  (compute: (x: number) => number) =>
  ([{ shape, data }]: readonly Value[]): Value => ({ shape, data: data.map(compute) });

/** Rewrites each row of the last axis. */
function byRow({ shape, data }: Value, rewrite: (row: Float64Array) => ArrayLike<number>): Value {
  const width = shape[shape.length - 1];
  const out = new Float64Array(data.length);
  for (let start = 0; start < data.length; start += width)
    out.set(rewrite(data.subarray(start, start + width)), start);
  return { shape, data: out };
}

function softmaxRow(row: Float64Array): Float64Array {
  const max = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = row.map((x) => Math.exp(x - max));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

const rootMeanSquare = (row: Float64Array, epsilon: number): number =>
  Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / row.length + epsilon);

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/**
 * The error function to about 1e-15: its Maclaurin series of positive terms (DLMF 7.6.2), which beyond 6 differs from ±1
 * by less than 2e-17.
 */
export function errorFunction(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const geluByErf = (x: number): number => 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2));
const geluByTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const leaf: Kernel<OpName> = (_, node, run) => run.leaf(node);

const kernels: { readonly [K in OpName]: Kernel<K> } = {
  input: leaf,
  weight: leaf,
  constant: (_, { attrs }, { sizes }) => ({
    shape: concrete(attrs.shape, sizes),
    data: Float64Array.from(attrs.values),
  }),
  size: (_, { attrs }, { sizes }) => ({ shape: [], data: Float64Array.of(evaluate(attrs.dim, sizes)) }),
  range: (_, node, run) => fill(shapeOf(node, run), (_index, flat) => flat),
  bandMask: (_, node, run) => {
    const { before, after } = node.attrs;
    const [least, most] = [-(before ?? Number.POSITIVE_INFINITY), after ?? Number.POSITIVE_INFINITY];
    return fill(shapeOf(node, run), ([row, column]) =>
      column - row >= least && column - row <= most ? 0 : -3e38,
    );
  },
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  neg: unary((x) => -x),
  exp: unary(Math.exp),
  log: unary(Math.log),
  sqrt: unary(Math.sqrt),
  sigmoid: unary(logistic),
  tanh: unary(Math.tanh),
  erf: unary(errorFunction),
  gelu: (inputs, node) => unary(node.attrs.tanh ? geluByTanh : geluByErf)(inputs),
  matmul: ([a, b], node, run) => {
    const { transposeA, transposeB, scale } = node.attrs;
    const [rows, columns] = shapeOf(node, run).slice(-2);
    const inner = a.shape[a.shape.length - (transposeA ? 2 : 1)];
    const [rowA, innerA] = transposeA ? [1, rows] : [inner, 1];
    const [innerB, columnB] = transposeB ? [1, inner] : [columns, 1];
    return fill(shapeOf(node, run), (index) => {
      const batch = index.slice(0, -2);
      const [row, column] = index.slice(-2);
      const startA = offset(a.shape.slice(0, -2), batch) * rows * inner + row * rowA;
      const startB = offset(b.shape.slice(0, -2), batch) * inner * columns + column * columnB;
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += a.data[startA + i * innerA] * b.data[startB + i * innerB];
      return scale * sum;
    });
  },
  transpose: ([x], node, run) => {
    const { order } = node.attrs;
    const from = order.map(() => 0);
    return fill(shapeOf(node, run), (index) => {
      order.forEach((axis, i) => (from[axis] = index[i]));
      return at(x, from);
    });
  },
  reshape: ([{ data }], node, run) => ({ shape: shapeOf(node, run), data }),
  broadcast: ([x], node, run) => fill(shapeOf(node, run), (index) => at(x, index)),
  slice: ([x], node, run) => {
    const start = evaluate(node.attrs.start, run.sizes);
    return fill(shapeOf(node, run), (index) =>
      at(x, index.with(node.attrs.axis, index[node.attrs.axis] + start)),
    );
  },
  pad: ([x], node, run) => {
    const { axis } = node.attrs;
    const before = evaluate(node.attrs.before, run.sizes);
    return fill(shapeOf(node, run), (index) => {
      const from = index[axis] - before;
      return from >= 0 && from < x.shape[axis] ? at(x, index.with(axis, from)) : 0;
    });
  },
  concat: (inputs, node, run) => {
    const { axis } = node.attrs;
    return fill(shapeOf(node, run), (index) => {
      let from = index[axis];
      const part = inputs.find(({ shape }) => from < shape[axis] || ((from -= shape[axis]), false));
      return part ? at(part, index.with(axis, from)) : Number.NaN;
    });
  },
  gather: ([table, indices], node, run) =>
    fill(shapeOf(node, run), (index) =>
      at(table, [at(indices, index.slice(0, -1)), index[index.length - 1]]),
    ),
  oneHot: ([indices], node, run) =>
    fill(shapeOf(node, run), (index) =>
      at(indices, index.slice(0, -1)) === index[index.length - 1] ? 1 : 0,
    ),
  reduceSum: ([x], node, run) => {
    const kept = x.shape.map((dim, axis) => (node.attrs.axes.includes(axis) ? 1 : dim));
    const sums = new Float64Array(count(kept));
    fill(x.shape, (index, flat) => (sums[offset(kept, index)] += x.data[flat]));
    return { shape: shapeOf(node, run), data: sums };
  },
  softmax: ([x, mask]) =>
    byRow(mask ? fill(x.shape, (index, flat) => x.data[flat] + at(mask, index)) : x, softmaxRow),
  rmsNorm: ([x, weight], { attrs: { epsilon } }) =>
    byRow(x, (row) => {
      const rms = rootMeanSquare(row, epsilon);
      return row.map((value, i) => (value / rms) * weight.data[i]);
    }),
  layerNorm: ([x, weight, bias], { attrs: { epsilon } }) =>
    byRow(x, (row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const centred = row.map((value) => value - mean);
      const deviation = rootMeanSquare(centred, epsilon);
      return centred.map((value, i) => (value / deviation) * weight.data[i] + bias.data[i]);
    }),
  inverseRms: ([x], node, run) => {
    const width = x.shape[x.shape.length - 1];
    return fill(
      shapeOf(node, run),
      (_, row) => 1 / rootMeanSquare(x.data.subarray(row * width, (row + 1) * width), node.attrs.epsilon),
    );
  },
  rotary: ([x, cos, sin], { attrs: { heads, inverse } }) => {
    const width = x.shape[2];
    const headSize = width / heads;
    const half = cos.shape[1];
    return fill(x.shape, ([, time, column], flat) => {
      const i = column % headSize;
      if (i >= 2 * half) return x.data[flat];
      const lower = i < half;
      const partner = x.data[flat + (lower ? half : -half)];
      const angle = time * half + (i % half);
      const turn = (lower ? -1 : 1) * (inverse ? -1 : 1);
      return x.data[flat] * cos.data[angle] + turn * partner * sin.data[angle];
    });
  },
  swiGLU: ([gate, up]) => ({
    shape: gate.shape,
    data: gate.data.map((x, i) => x * logistic(x) * up.data[i]),
  }),
  dropout: ([x, u, v], { attrs: { stream, rate } }) => ({
    shape: x.shape,
    data: x.data.map((value, i) => {
      const drawn = u.data[i] + stream * v.data[i];
      return drawn - Math.floor(drawn) < rate ? 0 : value / (1 - rate);
    }),
  }),
  crossEntropy: ([logits, labels]) => {
    const width = logits.shape[1];
    return fill(labels.shape, (_, row) => {
      const scores = logits.data.subarray(row * width, (row + 1) * width);
      const max = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0);
      return max + Math.log(sum) - scores[labels.data[row]];
    });
  },
};

const compute = <K extends OpName>(node: Node<K>, inputs: readonly Value[], run: Run): Value =>
  kernels[node.op](inputs, node, run);

/** Computes nodes in double precision, given the values of their inputs and weights and of the named sizes. */
export function interpret(
  outputs: readonly Node[],
  leaves: ReadonlyMap<Node, Value>,
  sizes: ReadonlyMap<string, number>,
): Value[] {
  const values = new Map(leaves);
  const known = (node: Node): Value => {
    const value = values.get(node);
    if (!value) throw new Error(`${node.op} has no value`);
    return value;
  };
  for (const node of topological(outputs))
    values.set(node, compute(node, node.inputs.map(known), { sizes, leaf: known }));
  return outputs.map(known);
}

/** Reads a piece of a file; how the pure interpreter reaches a disk. */
export type ReadBytes = (file: string, offset: number, bytes: number) => Promise<Uint8Array>;

async function load(source: WeightSource, read: ReadBytes): Promise<Value> {
  const data =
    "data" in source
      ? source.data
      : decode(await read(source.file, source.offset, source.bytes), source.dtype);
  return { shape: source.shape, data: Float64Array.from(data) };
}

/** The reference: every op in plain loops and double precision. Obvious, slow, and right. */
export function interpreter(
  read: ReadBytes = async (file) => Promise.reject(new Error(`this interpreter cannot read ${file}`)),
): Engine {
  return {
    name: "interpreter",
    async open(outputs, weights = new Map()): Promise<Executable> {
      const order = topological(Object.values(outputs));
      const inputs = inputsOf(order);
      const loaded = new Map<Node, Value>();
      for (const node of weightsOf(order).values())
        loaded.set(node, await load(sourceOf(node, weights), read));
      let closed = false;
      return {
        run: async (feeds) => {
          if (closed) throw new Error("this executable is closed");
          const sizes = bindSizes(inputs.values(), feeds);
          const leaves = new Map(loaded);
          for (const [name, node] of inputs) {
            const { shape, data } = feeds[name];
            leaves.set(node, { shape, data: Float64Array.from(data) });
          }
          const values = interpret(Object.values(outputs), leaves, sizes);
          return Object.fromEntries(
            Object.entries(outputs).map(([name, node], i) => [name, tensor(node, values[i])]),
          );
        },
        close: async () => {
          closed = true;
          loaded.clear();
        },
      };
    },
  };
}

const tensor = ({ dtype }: Node, { shape, data }: Value): Tensor => ({
  dtype,
  shape,
  data: dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data),
});
