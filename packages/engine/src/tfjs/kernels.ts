import type * as core from "@tensorflow/tfjs-core";
import { concrete, evaluate, type Node, type OpName } from "@espalier/tensor";
import type { TensorFlow } from "./load.ts";

type Value = core.Tensor;

/** One run of a graph. */
export interface Run {
  readonly tf: TensorFlow;
  readonly sizes: ReadonlyMap<string, number>;
  /** A value that several nodes need, made once; it lives as long as its owner, a node, or until the run ends. */
  readonly once: (owner: Node | string, key: string, make: () => Value) => Value;
}

type Kernel<K extends OpName> = (inputs: readonly Value[], node: Node<K>, run: Run) => Value;

type Unary = "neg" | "exp" | "log" | "sqrt" | "sigmoid" | "tanh" | "erf";
type Binary = "add" | "sub" | "mul" | "div";

const unary =
  (name: Unary): Kernel<OpName> =>
  ([x], _, { tf }) =>
    tf[name](x!);
const binary =
  (name: Binary): Kernel<OpName> =>
  ([a, b], _, { tf }) =>
    tf[name](a!, b!);

/** Leaves have values before a run begins. */
const leaf: Kernel<OpName> = (_, node) => {
  throw new Error(`${node.op} is a leaf`);
};

const shapeOf = (node: Node, { sizes }: Run): number[] => concrete(node.shape, sizes);

/** 1 / √(mean(x²) + ε), which the norm and its gradient share. */
const inverseRms = (x: Value, owner: Node, epsilon: number, { tf, once }: Run): Value =>
  once(owner, `inverse rms ${epsilon}`, () =>
    tf.tidy(() => tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), epsilon))),
  );

/** Factors with equal batches, as not every backend broadcasts those. */
function product(a: Value, b: Value, transposeA: boolean, transposeB: boolean, tf: TensorFlow): Value {
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    const rows = tf.reshape(a, [-1, a.shape.at(-1)!]);
    const flat = tf.matMul(rows, b, false, transposeB);
    return tf.reshape(flat, [...a.shape.slice(0, -1), flat.shape[1]!]);
  }
  const lead = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const spread = (x: Value): Value => {
    const shape = [...lead, ...x.shape.slice(-2)];
    return x.shape.join() === shape.join() ? x : tf.broadcastTo(x, shape);
  };
  return tf.matMul(spread(a), spread(b), transposeA, transposeB);
}

/** Φ(x)·x, or its approximation. */
function gelu(x: Value, tanh: boolean, tf: TensorFlow): Value {
  const inner = tanh
    ? tf.tanh(tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)), Math.sqrt(2 / Math.PI)))
    : tf.erf(tf.mul(x, Math.SQRT1_2));
  return tf.mul(tf.mul(x, 0.5), tf.add(inner, 1));
}

const kernels: { readonly [K in OpName]: Kernel<K> } = {
  input: leaf,
  weight: leaf,
  constant: leaf,
  size: (_, { attrs }, { tf, sizes }) => tf.scalar(evaluate(attrs.dim, sizes)),
  range: (_, { attrs }, { tf, sizes }) => tf.range(0, evaluate(attrs.dim, sizes), 1, "int32"),
  bandMask: (_, node, run) => {
    const { before, after } = node.attrs;
    const [size = 0] = shapeOf(node, run);
    const [least, most] = [-(before ?? Infinity), after ?? Infinity];
    const mask = run.once("band", `${before} ${after} ${size}`, () => {
      const data = new Float32Array(size * size);
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++)
          if (column - row < least || column - row > most) data[row * size + column] = -3e38;
      return run.tf.tensor(data, [size, size]);
    });
    return mask.clone();
  },
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  neg: unary("neg"),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  sigmoid: unary("sigmoid"),
  tanh: unary("tanh"),
  erf: unary("erf"),
  gelu: ([x], { attrs }, { tf }) => gelu(x!, attrs.tanh, tf),
  matmul: ([a, b], { attrs: { transposeA, transposeB, scale } }, { tf }) => {
    if (scale === 1) return product(a!, b!, transposeA, transposeB, tf);
    // A factor is smaller than the scores that it makes, where texts are longer than heads are wide.
    const scaledFirst = a!.size <= b!.size;
    return scaledFirst
      ? product(tf.mul(a!, scale), b!, transposeA, transposeB, tf)
      : product(a!, tf.mul(b!, scale), transposeA, transposeB, tf);
  },
  transpose: ([x], { attrs }, { tf }) => tf.transpose(x!, [...attrs.order]),
  reshape: ([x], node, run) => run.tf.reshape(x!, shapeOf(node, run)),
  broadcast: ([x], node, run) => run.tf.broadcastTo(x!, shapeOf(node, run)),
  slice: ([x], node, run) => {
    const { axis, start } = node.attrs;
    const begin = x!.shape.map((_, other) => (other === axis ? evaluate(start, run.sizes) : 0));
    return run.tf.slice(x!, begin, shapeOf(node, run));
  },
  pad: ([x], { attrs: { axis, before, after } }, { tf, sizes }) =>
    tf.pad(
      x!,
      x!.shape.map((_, other): [number, number] =>
        other === axis ? [evaluate(before, sizes), evaluate(after, sizes)] : [0, 0],
      ),
    ),
  concat: (inputs, { attrs: { axis } }, { tf }) =>
    inputs.length === 1 ? inputs[0]!.clone() : tf.concat([...inputs], axis),
  gather: ([table, indices], _, { tf }) => tf.gather(table!, indices as core.Tensor1D),
  oneHot: ([indices], { attrs }, { tf, sizes }) => {
    const depth = evaluate(attrs.depth, sizes);
    // Its own op refuses a depth of 1.
    if (depth > 1) return tf.oneHot(indices!, depth, 1, 0, "float32");
    return tf.cast(tf.equal(tf.expandDims(indices!, -1), tf.range(0, depth, 1, "int32")), "float32");
  },
  reduceSum: ([x], { attrs: { axes, keepDims } }, { tf }) =>
    axes.length === 0 ? x!.clone() : tf.sum(x!, [...axes], keepDims),
  softmax: ([x, mask], _, { tf }) => tf.softmax(mask ? tf.add(x!, mask) : x!),
  rmsNorm: ([x, weight], { inputs, attrs: { epsilon } }, run) =>
    run.tf.mul(run.tf.mul(x!, inverseRms(x!, inputs[0]!, epsilon, run)), weight!),
  layerNorm: ([x, weight, bias], { attrs: { epsilon } }, { tf }) => {
    const centred = tf.sub(x!, tf.mean(x!, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    return tf.add(tf.mul(tf.mul(centred, inverse), weight!), bias!);
  },
  inverseRms: ([x], { inputs, attrs: { epsilon } }, run) => inverseRms(x!, inputs[0]!, epsilon, run).clone(),
  rotary: ([x, cos, sin], { attrs: { heads, inverse } }, { tf }) => {
    const [batch, time, width] = x!.shape as [number, number, number];
    const size = width / heads;
    const half = cos!.shape[1]!;
    const split = tf.reshape(x!, [batch, time, heads, size]);
    const rest = size - 2 * half;
    const [lower, upper, still] = tf.split(split, rest > 0 ? [half, half, rest] : [half, half], 3);
    const table = (values: Value) => tf.reshape(values, [1, time, 1, half]);
    const [c, s] = [table(cos!), table(sin!)];
    const [first, second] = inverse ? ([tf.add, tf.sub] as const) : ([tf.sub, tf.add] as const);
    const turned = [
      first(tf.mul(lower!, c), tf.mul(upper!, s)),
      second(tf.mul(upper!, c), tf.mul(lower!, s)),
      ...(still ? [still] : []),
    ];
    return tf.reshape(tf.concat(turned, 3), [batch, time, width]);
  },
  swiGLU: ([gate, up], _, { tf }) => tf.mul(tf.mul(gate!, tf.sigmoid(gate!)), up!),
  dropout: ([x, u, v], { attrs: { stream, rate } }, { tf }) => {
    const drawn = tf.add(u!, tf.mul(v!, stream));
    const kept = tf.greaterEqual(tf.sub(drawn, tf.floor(drawn)), rate);
    return tf.mul(x!, tf.mul(tf.cast(kept, "float32"), 1 / (1 - rate)));
  },
  crossEntropy: ([logits, labels], _, { tf }) => {
    const [rows, classes] = logits!.shape as [number, number];
    const places = tf.add(tf.mul(tf.range(0, rows, 1, "int32"), tf.scalar(classes, "int32")), labels!);
    return tf.neg(tf.gather(tf.reshape(tf.logSoftmax(logits!), [-1]), places as core.Tensor1D));
  },
};

/** Computes one node from the values of its inputs. */
export const compute = <K extends OpName>(node: Node<K>, inputs: readonly Value[], run: Run): Value =>
  kernels[node.op](inputs, node, run);
