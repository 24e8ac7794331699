import { attention, causal } from "./attention.ts";
import { infoNCE, languageModelLoss } from "./loss.ts";
import { isOp, topological, type Node, type OpName } from "./node.ts";
import * as op from "./op.ts";
import { concrete } from "./shape.ts";

interface Expression {
  y: Node;
  /** What y is differentiated by. */
  wrt: Node[];
  /** Inputs that hold whole numbers, from 0 to below a limit. */
  indices?: { node: Node; below: number }[];
}

/** An expression over fresh inputs of the sizes `batch` and `time`, and the range that they are drawn from. */
export interface Case {
  build: () => Expression;
  from?: number;
  to?: number;
}

const x = (shape: readonly (number | string)[] = ["batch", 3]) => op.input(`x${shape.join()}`, shape);
const one =
  (apply: (x: Node) => Node, shape?: readonly (number | string)[]): Case["build"] =>
  () => {
    const node = x(shape);
    return { y: apply(node), wrt: [node] };
  };
const two =
  (apply: (a: Node, b: Node) => Node, a: readonly (number | string)[], b: readonly (number | string)[]) =>
  () => {
    const wrt = [op.input("a", a), op.input("b", b)];
    return { y: apply(wrt[0], wrt[1]), wrt };
  };
const products = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB): Case => {
    const a = transposeA ? [4, "time"] : ["time", 4];
    const b = transposeB ? [5, 4] : [4, 5];
    return { build: two((p, q) => op.matmul(p, q, { transposeA, transposeB, scale: 0.7 }), a, b) };
  }),
);

export const opCases: Record<OpName, Case[]> = {
  input: [{ build: () => ({ y: x(), wrt: [] }) }],
  // Weights come from outside; how they do is tested apart.
  weight: [],
  constant: [{ build: () => ({ y: op.mul(x(), op.constant([1, -2, 0.5], [3])), wrt: [] }) }],
  size: [{ build: () => ({ y: op.mul(x(["batch", "time"]), op.size("2*batch*time+batch+3")), wrt: [] }) }],
  range: [
    { build: () => ({ y: op.add(op.oneHot(op.range("batch"), 5), op.mul(x(["batch", 1]), 0)), wrt: [] }) },
  ],
  bandMask: (
    [
      [null, 0],
      [1, 0],
      [0, 2],
      [1, 1],
      [null, null],
      [0, null],
    ] as const
  ).map(([before, after]) => ({
    build: one((n) => op.exp(op.add(n, op.bandMask("time", { before, after }))), ["time", "time"]),
  })),
  oneHot: [
    {
      build: () => {
        const labels = op.input("labels", ["batch", "time"], "i32");
        return { y: op.oneHot(labels, "time"), wrt: [], indices: [{ node: labels, below: 4 }] };
      },
    },
  ],
  add: [{ build: two(op.add, ["batch", "time", 3], ["time", 1]) }],
  sub: [{ build: two(op.sub, [3], ["batch", 3]) }],
  mul: [{ build: two(op.mul, ["batch", 1, 3], ["time", 1]) }],
  div: [{ build: two(op.div, ["batch", 3], [1, 3]), from: 0.5, to: 2 }],
  neg: [{ build: one(op.neg) }],
  exp: [{ build: one(op.exp) }],
  log: [{ build: one(op.log), from: 0.5, to: 2 }],
  sqrt: [{ build: one(op.sqrt), from: 0.5, to: 2 }],
  sigmoid: [{ build: one(op.sigmoid) }],
  tanh: [{ build: one(op.tanh) }],
  erf: [{ build: one(op.erf) }, { build: one(op.erf), from: -8, to: 8 }],
  gelu: [
    { build: one((n) => op.gelu(n)), from: -4, to: 4 },
    { build: one((n) => op.gelu(n, { tanh: true })), from: -4, to: 4 },
  ],
  matmul: [
    ...products,
    { build: two((a, b) => op.matmul(a, b, { transposeB: true }), ["batch", "time", 4], [3, 4]) },
    { build: two((a, b) => op.matmul(a, b), ["batch", 2, "time", 4], ["batch", 1, 4, 3]) },
    { build: two((a, b) => op.matmul(a, b, { transposeA: true }), ["batch", 4, "time"], [4, 3]) },
  ],
  transpose: [{ build: one((n) => op.transpose(n, [2, 0, 1]), ["batch", 2, "time"]) }],
  reshape: [{ build: one((n) => op.reshape(n, [2, "batch*time"]), ["batch", 2, "time"]) }],
  broadcast: [{ build: one((n) => op.broadcast(n, ["batch", "time", 3]), ["time", 1]) }],
  slice: [
    { build: one((n) => op.slice(n, 1, 1, 3), ["batch", 4]) },
    {
      build: two(
        (a, b) => {
          const part = op.slice(op.mul(a, a), 0, "batch", "batch+time");
          return op.add(part, op.reshape(op.reduceSum(b, [0]), ["time", 1]));
        },
        ["batch+time", 2],
        ["batch", "time"],
      ),
    },
  ],
  pad: [
    {
      build: two((a, b) => op.add(op.pad(a, 0, 2, "time"), op.reduceSum(b, [0])), ["batch", 2], ["time", 1]),
    },
  ],
  concat: [{ build: two((a, b) => op.concat([a, b, op.mul(a, b)], 0), ["batch", 2], ["batch", 2]) }],
  gather: [
    {
      build: () => {
        const [table, rows] = [x([5, 3]), op.input("rows", ["batch", "time"], "i32")];
        return { y: op.gather(table, rows), wrt: [table], indices: [{ node: rows, below: 5 }] };
      },
    },
  ],
  reduceSum: [
    { build: one((n) => op.reduceSum(op.mul(n, n), [0, 2]), ["batch", 2, "time"]) },
    { build: one((n) => op.reduceMean(n, [1], true), ["batch", "time"]) },
  ],
  softmax: [
    { build: one((n) => op.softmax(n), ["batch", 4]) },
    { build: two((a, mask) => op.softmax(a, mask), ["batch", 2, "time", 3], ["time", 3]) },
    {
      build: one(
        (n) => op.softmax(n, op.bandMask("time", { before: null, after: 0 })),
        ["batch", "time", "time"],
      ),
    },
  ],
  rmsNorm: [{ build: two((a, w) => op.rmsNorm(a, w, 1e-5), ["batch", "time", 4], [4]) }],
  layerNorm: [
    {
      build: () => {
        const wrt = [x(["batch", "time", 4]), op.input("w", [4]), op.input("b", [4])];
        return { y: op.layerNorm(wrt[0], wrt[1], wrt[2], 1e-3), wrt };
      },
    },
  ],
  inverseRms: [{ build: one((n) => op.inverseRms(n, 1e-5), ["batch", 4]) }],
  rotary: [
    {
      build: () => {
        const [cos, sin] = [op.input("cos", ["time", 2]), op.input("sin", ["time", 2])];
        const node = x(["batch", "time", 12]);
        return { y: op.rotary(op.rotary(node, cos, sin, 3), cos, sin, 3, true), wrt: [node] };
      },
    },
    {
      // Only the first half of each head turns.
      build: () => {
        const [cos, sin] = [op.input("cos", ["time", 2]), op.input("sin", ["time", 2])];
        const node = x(["batch", "time", 16]);
        return { y: op.rotary(node, cos, sin, 2), wrt: [node] };
      },
    },
  ],
  swiGLU: [{ build: two(op.swiGLU, ["batch", 3], ["batch", 3]) }],
  dropout: [
    {
      build: () => {
        const [u, v] = [op.input("u", ["batch", "time", 3]), op.input("v", ["batch", "time", 3])];
        const node = x(["batch", "time", 3]);
        const once = op.dropout(node, u, v, { stream: 1, rate: 0.3 });
        return { y: op.dropout(once, u, v, { stream: 7, rate: 0.5 }), wrt: [node] };
      },
    },
  ],
  crossEntropy: [
    {
      build: () => {
        const [logits, labels] = [x(["batch", 5]), op.input("labels", ["batch"], "i32")];
        return { y: op.crossEntropy(logits, labels), wrt: [logits], indices: [{ node: labels, below: 5 }] };
      },
    },
  ],
};

export const compositeCases: Record<string, Case> = {
  attention: {
    build: () => {
      const wrt = [
        x(["batch", "time", 8]),
        op.input("k", ["batch", "time", 4]),
        op.input("v", ["batch", "time", 4]),
      ];
      return { y: attention(wrt[0], wrt[1], wrt[2], { heads: 4, kvHeads: 2, band: causal }), wrt };
    },
  },
  "windowed attention with a soft cap": {
    build: () => {
      const wrt = [
        x(["batch", "time", 8]),
        op.input("k", ["batch", "time", 8]),
        op.input("v", ["batch", "time", 8]),
        op.input("bias", ["batch", 1, 1, 1, "time"]),
      ];
      const options = { heads: 4, band: { before: 1, after: 1 }, softcap: 2, scale: 0.7, bias: wrt[3] };
      return { y: attention(wrt[0], wrt[1], wrt[2], options), wrt };
    },
  },
  infoNCE: {
    build: () => {
      const wrt = [x(["batch", 3]), op.input("p", ["batch", 3]), op.input("n", ["time", 3])];
      return { y: infoNCE({ query: wrt[0], positive: wrt[1], negative: wrt[2] }, 5), wrt };
    },
  },
  languageModelLoss: {
    build: () => {
      const labels = op.input("labels", ["batch", "time"], "i32");
      const wrt = [x(["batch", "time", 3]), op.input("head", [5, 3])];
      const weights = op.input("weights", ["batch", "time"]);
      const y = languageModelLoss({ hidden: wrt[0], head: wrt[1], labels, weights });
      return { y, wrt, indices: [{ node: labels, below: 5 }] };
    },
  },
};

/** Values for the inputs that an expression reads; `draw` gives numbers from 0 to below 1. */
export function drawInputs(
  { indices = [] }: Expression,
  { from = -1.5, to = 1.5 }: Case,
  outputs: readonly Node[],
  sizes: ReadonlyMap<string, number>,
  draw: () => number,
): Map<Node<"input">, { shape: number[]; data: Float64Array }> {
  const drawn = new Map<Node<"input">, { shape: number[]; data: Float64Array }>();
  for (const node of topological(outputs)) {
    if (!isOp(node, "input")) continue;
    const shape = concrete(node.shape, sizes);
    const below = indices.find((index) => index.node === node)?.below;
    const length = shape.reduce((product, dim) => product * dim, 1);
    const value = () => (below === undefined ? from + (to - from) * draw() : Math.floor(below * draw()));
    drawn.set(node, { shape, data: Float64Array.from({ length }, value) });
  }
  return drawn;
}
