import fc from "fast-check";
import { expect, test } from "vitest";
import { compositeCases, drawInputs, opCases, type Case } from "./cases.ts";
import { interpret, type Value } from "./interpret.ts";
import { topological, type Node } from "./node.ts";
import * as op from "./op.ts";
import { gradients } from "./grad.ts";

/** Central differences in double precision: error about step² plus 1e-16/step. */
const STEP = 1e-5;
const TOLERANCE = 1e-7;

function check(variant: Case, batch: number, time: number, draw: () => number): void {
  const expression = variant.build();
  const { y, wrt } = expression;
  const sizes = new Map([
    ["batch", batch],
    ["time", time],
  ]);
  const cotangent = op.input("cotangent", y.shape);
  const dx = gradients([{ output: y, cotangent }], wrt);
  const objective = op.reduceSum(
    op.mul(y, cotangent),
    y.shape.map((_, axis) => axis),
  );
  const leaves = new Map<Node, Value>(drawInputs(expression, variant, [objective], sizes, draw));
  const analytic = interpret(dx, leaves, sizes);
  wrt.forEach((node, i) => {
    const { shape, data } = leaves.get(node) ?? { shape: [], data: new Float64Array() };
    expect(analytic[i].shape).toEqual(shape);
    data.forEach((value, flat) => {
      const [up, down] = [value + STEP, value - STEP].map((moved) => {
        const changed = new Map(leaves).set(node, { shape, data: data.with(flat, moved) });
        return interpret([objective], changed, sizes)[0].data[0];
      });
      const numeric = (up - down) / (2 * STEP);
      expect(Math.abs(analytic[i].data[flat] - numeric)).toBeLessThan(
        TOLERANCE * Math.max(1, Math.abs(numeric)),
      );
    });
  });
}

const all = [
  ...Object.entries(opCases).filter(([, variants]) => variants.some(({ build }) => build().wrt.length > 0)),
  ...Object.entries(compositeCases).map(([name, variant]): [string, Case[]] => [name, [variant]]),
];

test.each(all)("the gradient of %s agrees with central differences", (_, variants) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 3 }),
      fc.noShrink(fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))),
      (batch, time, stream) => {
        const draw = (): number => stream.next().value ?? 0;
        for (const variant of variants) check(variant, batch, time, draw);
      },
    ),
    { numRuns: 5 },
  );
});

test("frozen weights and what lies below the lowest trainable node are not differentiated", () => {
  const h = op.input("h", ["batch", 4]);
  const [frozen, lora] = [op.weight("w", [4, 4]), op.input("lora", [4, 4])];
  const below = op.matmul(h, frozen);
  const y = op.matmul(op.matmul(op.exp(below), lora), frozen);
  const [gradient] = gradients([{ output: y, cotangent: op.input("dy", ["batch", 4]) }], [lora]);
  // Two products make the gradient (dy·Wᵀ, exp(h·W)ᵀ·…), one the value that it is taken at.
  expect(topological([gradient]).filter((node) => node.op === "matmul")).toHaveLength(3);
  expect(topological([gradient]).filter((node) => node.op === "mul")).toHaveLength(0);
});

test("a node without influence, a missing cotangent and one of another shape are refused", () => {
  const [a, b] = [op.input("x", ["batch", 2]), op.input("b", [2])];
  const y = op.mul(a, 2);
  const cotangent = op.input("dy", ["batch", 2]);
  expect(() => gradients([{ output: y, cotangent }], [b])).toThrow('"b" does not influence');
  expect(() => gradients([{ output: y }], [a])).toThrow("cotangent");
  expect(() => gradients([{ output: y, cotangent: b }], [a])).toThrow("cotangent");
});
