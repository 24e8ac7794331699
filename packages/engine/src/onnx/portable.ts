import { isOp, type Dim, type Node, type OpName } from "@espalier/tensor";
import type { Emitter } from "./emitter.ts";
import { fused, type Lowering, type Lowerings } from "./lower.ts";

/** The forms, beside the weight itself, in which a file may hold a weight, and their names in it. */
export const forms = {
  /** A matrix [out, in] as [in, out], to be multiplied with from the left. */
  turned: (weight: string): string => `${weight}:turned`,
  /** The same in unsigned 8 bits around {@link middle8}, and its scales [out]. */
  turned8: (weight: string): string => `${weight}:turned:int8`,
  columnScales: (weight: string): string => `${weight}:turned:scales`,
  /** A table [rows, width] in 8 bits, and its scales [rows, 1]. */
  rows8: (weight: string): string => `${weight}:int8`,
  rowScales: (weight: string): string => `${weight}:scales`,
} as const;

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

/** Stands for 0 in a weight of unsigned bytes. */
export const middle8 = 128;

/**
 * In 8 bits: the weight symmetric with a scale for each column, x with one scale for the whole, found while it runs.
 * ONNX Runtime makes one kernel of these ops. Both sides are unsigned: on x86 processors without VNNI its product of
 * unsigned with signed bytes adds pairs in 16 bits and cuts off what does not fit there, which spoils the vectors.
 */
const inEightBits: Product = (x, weight, emitter) => {
  const key = (part: string) => `dynamic ${part} ${x}`;
  const quantised = emitter.once(key("values"), () => {
    const [values = "", ...rest] = emitter.emitMany(3, "DynamicQuantizeLinear", [x]);
    for (const [i, part] of ["scale", "zero"].entries()) emitter.once(key(part), () => rest[i] ?? "");
    return values;
  });
  const [scale, zero] = ["scale", "zero"].map((part) => emitter.once(key(part), () => ""));
  const product = emitter.emit("MatMulInteger", [
    quantised,
    forms.turned8(weight),
    zero ?? "",
    emitter.byte(middle8),
  ]);
  const both = emitter.emit("Mul", [scale ?? "", forms.columnScales(weight)]);
  return emitter.emit("Mul", [emitter.emit("Cast", [product], { to: 1n }), both]);
};

/**
 * For any runtime that knows ONNX, operator set 17: nothing but standard ops, in the shapes that optimisers recognise.
 * @param precision of products with weights, and of tables that rows are gathered from
 */
export function portable(precision: "float32" | "int8"): Lowerings {
  const product = precision === "int8" ? inEightBits : inFloats;
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
      const rows = emitter.emit("Cast", [emitter.emit("Gather", [forms.rows8(table), indices])], { to: 1n });
      return emitter.emit("Mul", [rows, emitter.emit("Gather", [forms.rowScales(table), indices])]);
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
