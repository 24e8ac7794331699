import { expect, test } from "vitest";
import { adamW, adamWStart, clipGlobalNorm, learningRate, type Schedule } from "./optimizer.ts";

const arrays = (...values: number[]): Map<string, Float32Array> =>
  new Map([["w", Float32Array.from(values)]]);

test("the first AdamW update moves every parameter by the learning rate against its gradient's sign", () => {
  const before = arrays(1, -2, 3);
  const state = adamW(before, arrays(0.5, -4, 0), adamWStart(before), { learningRate: 0.1 });
  expect([...(before.get("w") ?? [])]).toEqual([0.9, -1.9, 3].map((x) => expect.closeTo(x, 6)));
  expect(state.step).toBe(1);
});

test("AdamW follows its definition over many updates, with weight decay apart from the gradient", () => {
  const parameters = arrays(0.7);
  let state = adamWStart(parameters);
  let [p, m, v] = [0.7, 0, 0];
  for (let t = 1; t <= 50; t++) {
    const g = Math.sin(t) + p;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    p -= 0.01 * (m / (1 - 0.9 ** t) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8) + 0.3 * p);
    const gradient = arrays(Math.sin(t) + (parameters.get("w")?.[0] ?? 0));
    state = adamW(parameters, gradient, state, { learningRate: 0.01, weightDecay: 0.3 });
  }
  expect(parameters.get("w")?.[0]).toBeCloseTo(p, 5);
});

test("AdamW refuses a parameter without a fitting gradient", () => {
  const parameters = arrays(1, 2);
  const state = adamWStart(parameters);
  expect(() => adamW(parameters, arrays(1), state, { learningRate: 1 })).toThrow(
    '"w" needs 2 numbers, not 1',
  );
  expect(() => adamW(parameters, new Map(), state, { learningRate: 1 })).toThrow("not none");
  expect(parameters).toEqual(arrays(1, 2));
});

test("clipping shrinks only gradients beyond the limit and reports the norm before", () => {
  const long = clipGlobalNorm(arrays(3, 4), 1);
  expect(long.norm).toBeCloseTo(5);
  expect([...(long.gradients.get("w") ?? [])]).toEqual([expect.closeTo(0.6, 5), expect.closeTo(0.8, 5)]);
  expect(clipGlobalNorm(arrays(0.3, 0.4), 1).gradients.get("w")).toEqual(Float32Array.of(0.3, 0.4));
  expect(clipGlobalNorm(arrays(Number.NaN), 1).norm).toBeNaN();
});

test("the learning rate warms up from zero, then stays or falls to zero at the horizon", () => {
  const linear: Schedule = { kind: "linear", peak: 2, warmup: 4, horizon: 12 };
  expect([0, 1, 4, 8, 12, 20].map((step) => learningRate(linear, step))).toEqual([0, 0.5, 2, 1, 0, 0]);
  const constant: Schedule = { kind: "constant", peak: 2, warmup: 0 };
  expect([0, 1000].map((step) => learningRate(constant, step))).toEqual([2, 2]);
});
