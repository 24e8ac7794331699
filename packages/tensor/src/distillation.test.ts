import { expect, it } from "vitest";
import { distillationLoss } from "./distillation.ts";
import { gradients } from "./grad.ts";
import { interpreter } from "./interpret.ts";
import { input } from "./op.ts";

const texts = 4;
/** Numbers in [−1, 1) that look like nothing in particular. */
const numbers = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * i + phase));

async function lossAndGradient(target: "mse" | "cosine" | "similarities", width: number, wide: number) {
  const [student, teacher] = [input("student", ["texts", width]), input("teacher", ["texts", wide])];
  const loss = distillationLoss(target, student, teacher);
  const [gradient] = gradients([{ output: loss }], [student]);
  const graph = await interpreter().open({ loss, gradient: gradient });
  const [own, others] = [numbers(texts * width, 1), numbers(texts * wide, 2)];
  const at = async (data: Float32Array) => {
    const result = await graph.run({
      student: { dtype: "f32", shape: [texts, width], data },
      teacher: { dtype: "f32", shape: [texts, wide], data: others },
    });
    return { loss: result["loss"].data[0], gradient: result["gradient"].data };
  };
  return { own, others, at };
}

it.each([
  ["mse", 3, 3],
  ["cosine", 3, 3],
  ["similarities", 3, 5],
] as const)("%s has the gradient of finite differences", async (target, width, wide) => {
  const { own, at } = await lossAndGradient(target, width, wide);
  const { gradient } = await at(own);
  for (let i = 0; i < own.length; i++) {
    const moved = async (by: number) => (await at(own.with(i, own[i] + by))).loss;
    expect(gradient[i]).toBeCloseTo(((await moved(1e-2)) - (await moved(-1e-2))) / 2e-2, 3);
  }
});

it.each(["mse", "cosine", "similarities"] as const)("%s is what its definition says", async (target) => {
  const width = 3;
  const { own, others, at } = await lossAndGradient(target, width, width);
  const row = (x: Float32Array, i: number) => x.subarray(i * width, (i + 1) * width);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const cos = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const all = [0, 1, 2, 3];
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const expected = {
    mse: mean([...own].map((x, i) => (x - others[i]) ** 2)),
    cosine: mean(all.map((i) => 1 - cos(row(own, i), row(others, i)))),
    similarities: mean(
      all.flatMap((i) =>
        all.map((j) => (cos(row(own, i), row(own, j)) - cos(row(others, i), row(others, j))) ** 2),
      ),
    ),
  };
  expect((await at(own)).loss).toBeCloseTo(expected[target], 5);
});
