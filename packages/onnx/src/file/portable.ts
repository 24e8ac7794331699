import { isOp, type Dim, type Node, type OpName } from "@espalier/tensor";
import type { Emitter } from "../emitter.ts";
import { fused, type Lowering, type Lowerings } from "../lower.ts";
import { forms } from "./weight-forms.ts";

/** Ops that training alone needs. */
const notForExport: Lowering<OpName> = (_, { op }) => {
  throw new Error(`${op} is not written for other runtimes`);
};

const half = (emitter: Emitter, x: string, from: number, to: number): string =>
  emitter.emit("Slice", [x, ...[[from], [to], [-1]].map((value) => emitter.vector(value))]);

const swapLastTwo = (node: Node | undefined): number[] => {
  const order = (node?.shape ?? []).map((_, axis) => axis);
  return [...order.slice(0, -2), order.length - 1, order.length - 2];
};

/** A product with a weight [out, in], which the file holds the other way round. */
type Product = (x: string, weight: string, emitter: Emitter) => string;

const inFloats: Product = (x, weight, emitter) => emitter.emit("MatMul", [x, forms.turned(weight)]);

/**
 * Of a weight in 8 bits, made floats while it runs. What it is multiplied with stays in floats: LLMs have a few values
 * that are a thousand times the others, and a scale that holds those rounds the others away. ONNX Runtime makes Transpose
 * and MatMul one product, and does not keep the floats. The scales belong to rows, so that it makes the floats row by row;
 * by columns that takes three times as long. docs/decisions/0003-int8-exports.md has the figures.
 */
const fromEightBits: Product = (x, weight, emitter) => {
  const floats = emitter.once(`floats ${weight}`, () => {
    const parts = [forms.steps(weight), forms.scales(weight)];
    return emitter.emit("Transpose", [emitter.emit("DequantizeLinear", parts, { axis: 0n })], {
      perm: [1, 0],
    });
  });
  return emitter.emit("MatMul", [x, floats]);
};

/**
 * For any runtime that knows ONNX, operator set 17: nothing but standard ops, in the shapes that optimisers recognise.
 * @param precision of the weights of products, and of tables that rows are gathered from
 */
export function portable(precision: "float32" | "int8"): Lowerings {
  const product = precision === "int8" ? fromEightBits : inFloats;
  return {
    ...fused,
    dropout: notForExport,
    oneHot: notForExport,
    crossEntropy: notForExport,
    inverseRms: notForExport,
    matmul: ([a = "", b = ""], { inputs, attrs: { transposeA, transposeB, scale } }, { emitter }) => {
      const [left, right] = inputs;
      const scaled = (y: string) => (scale === 1 ? y : emitter.emit("Mul", [y, emitter.floats([scale], [])]));
      if (right && isOp(right, "weight") && transposeB && !transposeA) return scaled(product(a, b, emitter));
      const turn = (x: string, node: Node | undefined, wanted: boolean) =>
        wanted ? emitter.emit("Transpose", [x], { perm: swapLastTwo(node) }) : x;
      return scaled(emitter.emit("MatMul", [turn(a, left, transposeA), turn(b, right, transposeB)]));
    },
    gather: ([table = "", indices = ""], { inputs: [source] }, { emitter }) => {
      if (precision === "float32" || !source || !isOp(source, "weight"))
        return emitter.emit("Gather", [table, indices]);
      const rows = emitter.emit("Cast", [emitter.emit("Gather", [forms.steps(table), indices])], { to: 1n });
      const scales = emitter.emit("Gather", [forms.scales(table), indices]);
      return emitter.emit("Mul", [rows, emitter.emit("Unsqueeze", [scales, emitter.vector([-1])])]);
    },
    pad: ([x = ""], { attrs: { axis, before, after }, shape }, { emitter }) => {
      const around = (amount: Dim) => shape.map((_, other) => (other === axis ? amount : 0));
      const amounts = emitter.vector([...around(before), ...around(after)]);
      return emitter.emit("Pad", [x, amounts, emitter.floats([0], [])]);
    },
    rmsNorm: ([x = "", weight = ""], { attrs: { epsilon } }, { emitter }) => {
      const square = emitter.emit("Pow", [x, emitter.floats([2], [])]);
      const mean = emitter.emit("ReduceMean", [square], { axes: [-1], keepdims: 1n });
      const root = emitter.emit("Sqrt", [emitter.emit("Add", [mean, emitter.floats([epsilon], [])])]);
      return emitter.emit("Mul", [emitter.emit("Div", [x, root]), weight]);
    },
    gelu: ([x = ""], { attrs: { tanh } }, { emitter }) => {
      const number = (value: number) => emitter.floats([value], []);
      const inner = () => {
        if (!tanh) return emitter.emit("Erf", [emitter.emit("Div", [x, number(Math.SQRT2)])]);
        const cube = emitter.emit("Mul", [emitter.emit("Pow", [x, number(3)]), number(0.044715)]);
        const sum = emitter.emit("Add", [x, cube]);
        return emitter.emit("Tanh", [emitter.emit("Mul", [sum, number(Math.sqrt(2 / Math.PI))])]);
      };
      const gate = emitter.emit("Add", [inner(), number(1)]);
      return emitter.emit("Mul", [emitter.emit("Mul", [x, gate]), number(0.5)]);
    },
    rotary: ([x = "", cos = "", sin = ""], { inputs, attrs: { heads, inverse }, shape }, { emitter }) => {
      const width = Number(shape[2]);
      const turns = Number(inputs[1]?.shape[1]);
      const split = emitter.emit("Reshape", [x, emitter.vector([0, 0, heads, width / heads])]);
      const [lower, upper] = [half(emitter, split, 0, turns), half(emitter, split, turns, 2 * turns)];
      const table = (values: string) =>
        emitter.once(`over heads ${values}`, () => emitter.emit("Unsqueeze", [values, emitter.vector([1])]));
      const times = (part: string, values: string) => emitter.emit("Mul", [part, table(values)]);
      const [first, second] = inverse ? ["Add", "Sub"] : ["Sub", "Add"];
      const parts = [
        emitter.emit(first, [times(lower, cos), times(upper, sin)]),
        emitter.emit(second, [times(upper, cos), times(lower, sin)]),
      ];
      if (2 * turns < width / heads) parts.push(half(emitter, split, 2 * turns, width / heads));
      const joined = emitter.emit("Concat", parts, { axis: -1n });
      return emitter.emit("Reshape", [joined, emitter.vector([0, 0, width])]);
    },
    swiGLU: ([gate = "", up = ""], _, { emitter }) =>
      emitter.emit("Mul", [emitter.emit("Mul", [gate, emitter.emit("Sigmoid", [gate])]), up]),
  };
}
