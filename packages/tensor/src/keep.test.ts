import { expect, test } from "vitest";
import { attention, causal } from "./attention.ts";
import { gradients } from "./grad.ts";
import { interpreter } from "./interpret.ts";
import { keepProducts } from "./keep.ts";
import { topological, type Node } from "./node.ts";
import * as op from "./op.ts";
import type { Tensor } from "./engine.ts";

/** A layer with an adapter on its way up, and a residual. */
function layer() {
  const x = op.input("x", ["batch", "time", 8]);
  const [a, b] = [op.input("a", [2, 8]), op.input("b", [12, 2])];
  const [up, down] = [op.input("up", [12, 8]), op.input("down", [8, 12])];
  const normed = op.rmsNorm(
    x,
    op.constant(
      Array.from({ length: 8 }, (_, i) => 1 + i / 9),
      [8],
    ),
    1e-5,
  );
  const seen = op.add(x, attention(normed, normed, normed, { heads: 2, band: causal }));
  const low = op.matmul(seen, a, { transposeB: true });
  const gate = op.add(
    op.matmul(seen, up, { transposeB: true }),
    op.matmul(low, b, { transposeB: true, scale: 2 }),
  );
  const y = op.add(seen, op.matmul(op.swiGLU(gate, gate), down, { transposeB: true }));
  const cotangent = op.input("cotangent", y.shape);
  const [da, db, dx] = gradients([{ output: y, cotangent }], [a, b, x]);
  return { forward: { y }, backward: { da, db, dx } };
}
const numbers = (shape: number[], seed: number): Tensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => Math.sin(seed + 1.7 * i)),
});
const feeds = {
  x: numbers([2, 3, 8], 1),
  a: numbers([2, 8], 2),
  b: numbers([12, 2], 3),
  up: numbers([12, 8], 4),
  down: numbers([8, 12], 5),
  cotangent: numbers([2, 3, 8], 6),
};
const products = (outputs: Record<string, Node>) =>
  topological(Object.values(outputs)).filter(({ op }) => op === "matmul").length;

test("two halves give what the whole graph gives, and no product of the forward pass is computed again", async () => {
  const { forward, backward } = layer();
  const halves = keepProducts(forward, backward);
  const whole = await (await interpreter().open({ ...forward, ...backward })).run(feeds);
  const first = await (await interpreter().open(halves.forward)).run(feeds);
  const second = await (await interpreter().open(halves.backward)).run({ ...feeds, ...first });
  expect(first["y"]).toEqual(whole["y"]);
  for (const name of ["da", "db", "dx"]) {
    const largest = Math.max(...whole[name].data.map(Math.abs));
    for (const [i, value] of second[name].data.entries())
      expect(Math.abs(value - whole[name].data[i])).toBeLessThan(1e-6 * largest);
  }
  expect(products(halves.forward)).toBe(products(forward));
  expect(products(halves.backward)).toBe(products({ ...forward, ...backward }) - products(forward));
});

test("of a product and the sums that it goes into at once, one value is kept", () => {
  const { forward, backward } = layer();
  const { kept, forward: outputs } = keepProducts(forward, backward);
  // Scores, mixed values, the narrow product of the adapter, and the gate; nothing reads what comes after.
  expect(kept.map((name) => outputs[name].shape.join())).toEqual([
    "batch,2,time,time",
    "batch,2,time,4",
    "batch,time,2",
    "batch,time,12",
  ]);
});
