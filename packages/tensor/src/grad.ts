import { minus, plus, volume, type Dim } from "./dim.ts";
import { isOp, topological, type Node, type OpName } from "./node.ts";
import {
  add,
  broadcast,
  constant,
  div,
  dropout,
  erf,
  exp,
  inverseRms,
  matmul,
  mul,
  neg,
  oneHot,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  rotary,
  sigmoid,
  size,
  slice,
  softmax,
  sub,
  sumTo,
  tanh,
  transpose,
} from "./op.ts";
import { printShape } from "./shape.ts";

/** Where differentiation starts: a node and the gradient of the objective with respect to it. */
export interface Seed {
  readonly output: Node;
  /** Shaped like `output`. Default: 1, for scalar outputs. */
  readonly cotangent?: Node;
}

/** Gradients with respect to each input in turn, made only on demand; absent where there is none. */
type Rule<K extends OpName> = (dy: Node, y: Node<K>) => readonly (() => Node)[];

const none: Rule<OpName> = () => [];

const lazy = <T>(make: () => T): (() => T) => {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};

const lastAxis = (x: Node): number => x.shape.length - 1;

/** x [..., n] → [rows, n]. */
const flatten = (x: Node): Node => reshape(x, [volume(x.shape.slice(0, -1)), x.shape[lastAxis(x)]]);

/** Φ(x) + x·φ(x) */
const slopeByErf = (x: Node): Node =>
  add(
    mul(0.5, add(1, erf(mul(x, Math.SQRT1_2)))),
    mul(x, mul(1 / Math.sqrt(2 * Math.PI), exp(mul(-0.5, mul(x, x))))),
  );

/** With u = k·(x + c·x³), t = tanh(u): (1 + t)/2 + x/2·(1 − t²)·k·(1 + 3c·x²) */
function slopeByTanh(x: Node): Node {
  const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = mul(x, x);
  const t = tanh(mul(k, mul(x, add(1, mul(c, square)))));
  const inner = mul(k, add(1, mul(3 * c, square)));
  return add(mul(0.5, add(1, t)), mul(mul(0.5, x), mul(sub(1, mul(t, t)), inner)));
}

/** The gradient of each op, in terms of ops. */
const rules: { readonly [K in OpName]: Rule<K> } = {
  input: none,
  weight: none,
  constant: none,
  size: none,
  range: none,
  bandMask: none,
  add: (dy, { inputs: [a, b] }) => [() => sumTo(dy, a.shape), () => sumTo(dy, b.shape)],
  sub: (dy, { inputs: [a, b] }) => [() => sumTo(dy, a.shape), () => sumTo(neg(dy), b.shape)],
  mul: (dy, { inputs: [a, b] }) => [() => sumTo(mul(dy, b), a.shape), () => sumTo(mul(dy, a), b.shape)],
  div: (dy, y) => {
    const [a, b] = y.inputs;
    return [() => sumTo(div(dy, b), a.shape), () => sumTo(neg(div(mul(dy, y), b)), b.shape)];
  },
  neg: (dy) => [() => neg(dy)],
  exp: (dy, y) => [() => mul(dy, y)],
  log: (dy, { inputs: [x] }) => [() => div(dy, x)],
  sqrt: (dy, y) => [() => div(mul(dy, 0.5), y)],
  sigmoid: (dy, y) => [() => mul(dy, mul(y, sub(1, y)))],
  tanh: (dy, y) => [() => mul(dy, sub(1, mul(y, y)))],
  erf: (dy, { inputs: [x] }) => [() => mul(dy, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x)))))],
  gelu: (dy, { inputs: [x], attrs }) => [() => mul(dy, attrs.tanh ? slopeByTanh(x) : slopeByErf(x))],
  matmul: (dy, { inputs: [a, b], attrs }) => {
    const { transposeA, transposeB, scale } = attrs;
    const dA = () =>
      transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true, scale })
        : matmul(dy, b, { transposeB: !transposeB, scale });
    const dB = () => {
      // One matrix for a whole batch: sum over the batch inside the product instead of after it.
      const [x, g] =
        b.shape.length === 2 && a.shape.length > 2 && !transposeA ? [flatten(a), flatten(dy)] : [a, dy];
      return transposeB
        ? matmul(g, x, { transposeA: true, transposeB: transposeA, scale })
        : matmul(x, g, { transposeA: !transposeA, scale });
    };
    return [() => sumTo(dA(), a.shape), () => sumTo(dB(), b.shape)];
  },
  transpose: (dy, { attrs: { order } }) => [
    () =>
      transpose(
        dy,
        order.map((_, axis) => order.indexOf(axis)),
      ),
  ],
  reshape: (dy, { inputs: [x] }) => [() => reshape(dy, x.shape)],
  broadcast: (dy, { inputs: [x] }) => [() => sumTo(dy, x.shape)],
  slice: (dy, { inputs: [x], attrs: { axis, start, end } }) => [
    () => pad(dy, axis, start, minus(x.shape[axis], end)),
  ],
  pad: (dy, { inputs: [x], attrs: { axis, before } }) => [
    () => slice(dy, axis, before, plus(before, x.shape[axis])),
  ],
  concat: (dy, { inputs, attrs: { axis } }) => {
    const starts = inputs.map((_, i) =>
      inputs.slice(0, i).reduce<Dim>((sum, { shape }) => plus(sum, shape[axis]), 0),
    );
    return inputs.map(
      ({ shape }, i) =>
        () =>
          slice(dy, axis, starts[i], plus(starts[i], shape[axis])),
    );
  },
  gather: (dy, { inputs: [table, indices] }) => [
    () => {
      const rows = reshape(indices, [volume(indices.shape)]);
      return matmul(oneHot(rows, table.shape[0]), reshape(dy, [rows.shape[0], table.shape[1]]), {
        transposeA: true,
      });
    },
  ],
  oneHot: none,
  reduceSum: (dy, { inputs: [x], attrs: { axes } }) => [
    () => {
      const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
      return broadcast(reshape(dy, kept), x.shape);
    },
  ],
  // y·(dy − Σ dy·y)
  softmax: (dy, y) => {
    const dx = lazy(() => mul(y, sub(dy, reduceSum(mul(dy, y), [lastAxis(y)], true))));
    return y.inputs.map(
      ({ shape }) =>
        () =>
          sumTo(dx(), shape),
    );
  },
  // With r = 1/rms(x): dx = r·(dy·w) − x·r²·mean(dy·y); the mean uses y = x·r·w, which is at hand.
  rmsNorm: (dy, y) => {
    const [x, w] = y.inputs;
    const r = lazy(() => inverseRms(x, y.attrs.epsilon));
    const dx = () => {
      const mean = div(reduceSum(mul(dy, y), [lastAxis(x)], true), size(x.shape[lastAxis(x)]));
      return sub(mul(mul(dy, w), r()), mul(x, mul(mul(r(), r()), mean)));
    };
    return [dx, () => sumTo(mul(dy, mul(x, r())), w.shape)];
  },
  // With x̂ = (x − mean)·r and g = dy·w: dx = r·(g − mean(g) − x̂·mean(g·x̂)).
  layerNorm: (dy, y) => {
    const [x, w] = y.inputs;
    const centred = lazy(() => sub(x, reduceMean(x, [lastAxis(x)], true)));
    const r = lazy(() => inverseRms(centred(), y.attrs.epsilon));
    const unit = lazy(() => mul(centred(), r()));
    const dx = () => {
      const g = mul(dy, w);
      const mean = reduceMean(g, [lastAxis(x)], true);
      const along = reduceMean(mul(g, unit()), [lastAxis(x)], true);
      return mul(r(), sub(sub(g, mean), mul(unit(), along)));
    };
    return [dx, () => sumTo(mul(dy, unit()), w.shape), () => sumTo(dy, w.shape)];
  },
  // −r³·x·dy / n
  inverseRms: (dy, y) => {
    const [x] = y.inputs;
    return [() => mul(x, neg(div(mul(dy, mul(y, mul(y, y))), size(x.shape[lastAxis(x)]))))];
  },
  // A rotation's transpose is the rotation back. The tables are positions, not parameters: no gradient.
  rotary: (dy, { inputs: [, cos, sin], attrs: { heads, inverse } }) => [
    () => rotary(dy, cos, sin, heads, !inverse),
  ],
  // With s = σ(gate), a = gate·s: dup = dy·a, dgate = dy·up·(a + s·(1 − a))
  swiGLU: (dy, { inputs: [gate, up] }) => {
    const s = lazy(() => sigmoid(gate));
    const a = lazy(() => mul(gate, s()));
    return [() => mul(mul(dy, up), add(a(), mul(s(), sub(1, a())))), () => mul(dy, a())];
  },
  // Linear in x. The noise is no parameter: no gradient.
  dropout: (dy, { inputs: [, u, v], attrs }) => [() => dropout(dy, u, v, attrs)],
  crossEntropy: (dy, { inputs: [logits, labels] }) => [
    () => mul(reshape(dy, [labels.shape[0], 1]), sub(softmax(logits), oneHot(labels, logits.shape[1]))),
  ],
};

const differentiate = <K extends OpName>(dy: Node, node: Node<K>) => rules[node.op](dy, node);

/**
 * Reverse-mode differentiation, graph to graph: d(Σ output·cotangent)/d(each of `wrt`). Only what leads from `wrt` to the
 * outputs is differentiated: nothing for frozen weights, nothing below the lowest of `wrt`.
 * Throws TypeError when a cotangent does not fit its output or one of `wrt` has no influence.
 */
export function gradients(seeds: readonly Seed[], wrt: readonly Node[]): Node[] {
  const order = topological(seeds.map(({ output }) => output));
  const wanted = new Set(wrt);
  const influenced = new Set<Node>();
  for (const node of order)
    if (wanted.has(node) || node.inputs.some((input) => influenced.has(input))) influenced.add(node);

  const sums = new Map<Node, Node>();
  const accumulate = (node: Node, gradient: Node) => {
    const sum = sums.get(node);
    sums.set(node, sum ? add(sum, gradient) : gradient);
  };
  for (const { output, cotangent = constant([1], []) } of seeds) {
    if (printShape(cotangent.shape) !== printShape(output.shape))
      throw new TypeError(
        `the cotangent ${printShape(cotangent.shape)} of ${printShape(output.shape)} has another shape`,
      );
    accumulate(output, cotangent);
  }
  for (const node of order.reverse()) {
    const dy = sums.get(node);
    if (!dy || !influenced.has(node)) continue;
    const parts = differentiate(dy, node);
    node.inputs.forEach((input, i) => {
      if (!influenced.has(input)) return;
      const part = parts[i];
      if (!part) throw new TypeError(`${node.op} has no gradient with respect to its input ${i}`);
      accumulate(input, part());
    });
  }
  return wrt.map((node) => {
    const sum = sums.get(node);
    if (sum) return sum;
    const name = isOp(node, "input") || isOp(node, "weight") ? `"${node.attrs.name}"` : node.op;
    throw new TypeError(`${name} does not influence the outputs`);
  });
}
