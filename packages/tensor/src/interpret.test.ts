import { expect, test } from "vitest";
import { attention, causal } from "./attention.ts";
import { decode } from "./half.ts";
import { interpreter } from "./interpret.ts";
import { chanceLevel, infoNCE, languageModelLoss } from "./loss.ts";
import type { Node } from "./node.ts";
import * as op from "./op.ts";
import type { Tensor } from "./engine.ts";

const f32 = (shape: number[], data: number[]): Tensor => ({
  dtype: "f32",
  shape,
  data: Float32Array.from(data),
});
const numbers = (length: number, seed = 1) =>
  Array.from({ length }, (_, i) => Math.sin(seed * 100 + i * 1.7));

async function value(node: Node, feeds: Record<string, Tensor> = {}): Promise<number[]> {
  const executable = await interpreter().open({ node });
  return [...(await executable.run(feeds)).node.data];
}

test("rotary turns the halves of each head against each other by the position's angles", async () => {
  const [cos, sin] = [op.input("cos", ["time", 1]), op.input("sin", ["time", 1])];
  const x = op.input("x", ["batch", "time", 4]);
  const feeds = {
    x: f32([1, 2, 4], [1, 2, 3, 4, 1, 2, 3, 4]),
    cos: f32([2, 1], [1, 0]),
    sin: f32([2, 1], [0, 1]),
  };
  // By 0° everything stays; by 90° (a, b) becomes (−b, a).
  expect(await value(op.rotary(x, cos, sin, 2), feeds)).toEqual([1, 2, 3, 4, -2, 1, -4, 3]);
});

test("grouped-query attention equals attention with repeated keys and values, computed head by head", async () => {
  const [heads, kvHeads, headSize, time] = [4, 2, 3, 5];
  const [q, k, v] = [numbers(time * 12, 1), numbers(time * 6, 2), numbers(time * 6, 3)];
  const expected = Array.from({ length: time * 12 }, () => 0);
  for (let head = 0; head < heads; head++) {
    const kv = Math.floor((head * kvHeads) / heads);
    for (let t = 0; t < time; t++) {
      const scores = Array.from({ length: t + 1 }, (_, s) => {
        let dot = 0;
        for (let i = 0; i < headSize; i++) dot += q[t * 12 + head * 3 + i] * k[s * 6 + kv * 3 + i];
        return Math.exp(dot / Math.sqrt(headSize));
      });
      const sum = scores.reduce((a, b) => a + b);
      for (let i = 0; i < headSize; i++)
        expected[t * 12 + head * 3 + i] = scores.reduce(
          (mix, p, s) => mix + (p / sum) * v[s * 6 + kv * 3 + i],
          0,
        );
    }
  }
  const node = attention(
    op.input("q", ["batch", "time", 12]),
    op.input("k", ["batch", "time", 6]),
    op.input("v", ["batch", "time", 6]),
    { heads, kvHeads, band: causal },
  );
  const feeds = { q: f32([1, time, 12], q), k: f32([1, time, 6], k), v: f32([1, time, 6], v) };
  expect(await value(node, feeds)).toEqual(expected.map((x) => expect.closeTo(x, 6)));
});

test("InfoNCE follows its definition and costs the chance level when all candidates are alike", async () => {
  const [q, p, n] = [numbers(6, 1), numbers(6, 2), numbers(9, 3)];
  const rows = (x: number[]) => Array.from({ length: x.length / 3 }, (_, i) => x.slice(3 * i, 3 * i + 3));
  const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  const losses = rows(q).map((query, i) => {
    const powers = [...rows(p), ...rows(n)].map((candidate) => Math.exp(20 * cosine(query, candidate)));
    return -Math.log(powers[i] / powers.reduce((a, b) => a + b));
  });
  const loss = infoNCE(
    {
      query: op.input("q", ["batch", 3]),
      positive: op.input("p", ["batch", 3]),
      negative: op.input("n", ["negatives", 3]),
    },
    20,
  );
  const feeds = { q: f32([2, 3], q), p: f32([2, 3], p), n: f32([3, 3], n) };
  expect(await value(loss, feeds)).toEqual([expect.closeTo((losses[0] + losses[1]) / 2, 5)]);
  const alike = {
    ...feeds,
    p: f32([2, 3], [1, 1, 1, 1, 1, 1]),
    n: f32(
      [3, 3],
      Array.from({ length: 9 }, () => 2),
    ),
  };
  expect(await value(loss, alike)).toEqual([expect.closeTo(chanceLevel(5), 6)]);
});

test("the language-model loss of uniform logits is ln(vocabulary), whatever is padded", async () => {
  const loss = languageModelLoss({
    hidden: op.input("hidden", ["batch", "time", 2]),
    head: op.input("head", [7, 2]),
    labels: op.input("labels", ["batch", "time"], "i32"),
    weights: op.input("weights", ["batch", "time"]),
  });
  const feeds = {
    hidden: f32([1, 3, 2], [0, 0, 0, 0, 9, 9]),
    head: f32([7, 2], numbers(14)),
    labels: { dtype: "i32" as const, shape: [1, 3], data: Int32Array.of(3, 6, 0) },
    weights: f32([1, 3], [0.5, 0.5, 0]),
  };
  expect(await value(loss, feeds)).toEqual([expect.closeTo(Math.log(7), 6)]);
});

test("erf and gelu have the values of the tables", async () => {
  const x = op.input("x", ["n"]);
  const at = (node: ReturnType<typeof op.erf>, values: number[]) =>
    value(node, { x: f32([values.length], values) });
  const near = (values: number[]) => values.map((v) => expect.closeTo(v, 6));
  expect(await at(op.erf(x), [0, 0.5, -2, 7])).toEqual(near([0, 0.5204998778, -0.995322265, 1]));
  expect(await at(op.gelu(x), [1, -0.5])).toEqual(near([0.8413447461, -0.1542687694]));
  expect(await at(op.gelu(x, { tanh: true }), [1, -0.5])).toEqual(near([0.8411919906, -0.1542859972]));
});

test("a band lets a position see so many before and after itself", async () => {
  const node = op.bandMask(4, { before: 1, after: 0 });
  const far = -3e38;
  const seen = await value(node, {});
  expect(seen.map((v) => (v === 0 ? 0 : far))).toEqual(
    [
      [0, far, far, far],
      [0, 0, far, far],
      [far, 0, 0, far],
      [far, far, 0, 0],
    ].flat(),
  );
});

test("halves decode to the numbers that they stand for", () => {
  const bytes = (...halves: number[]) => new Uint8Array(Uint16Array.from(halves).buffer);
  expect([...decode(bytes(0x3c00, 0xc000, 0x3555, 0x0001, 0x7c00), "F16")]).toEqual([
    1,
    -2,
    expect.closeTo(1 / 3, 3),
    2 ** -24,
    Number.POSITIVE_INFINITY,
  ]);
  expect([...decode(bytes(0x3f80, 0xc000, 0x4049), "BF16")]).toEqual([1, -2, 3.140625]);
});

test("shapes that do not fit are refused when the graph is built", () => {
  const x = op.input("x", ["batch", 4]);
  expect(() => op.matmul(x, op.weight("w", [3, 5]))).toThrow("matmul of [batch, 4] and [3, 5]: 4 ≠ 3");
  expect(() => op.add(x, op.input("y", ["time", 4]))).toThrow("[batch, 4] and [time, 4] do not broadcast");
  expect(() => op.reshape(x, ["batch", 5])).toThrow("4*batch ≠ 5*batch elements");
});
