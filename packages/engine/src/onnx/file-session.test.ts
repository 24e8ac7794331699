import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as OnnxRuntime from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gather, input, interpreter, matmul, mul, weight, type Node } from "@espalier/tensor";
import { openOnnxFile } from "./file-session.ts";
import { quantise, writeOnnxFile } from "@espalier/onnx";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-onnx-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const [rows, width, out] = [40, 64, 48];
const ids = { shape: [2, 3], data: Int32Array.of(0, 7, 39, 3, 3, 21) };

/** Numbers around 0 of magnitude 1, the same each time. */
function drawn(count: number, seed: number): Float32Array {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Float32Array.from({ length: count }, () => next() + next() + next() - 1.5);
}

/** A table whose rows differ in size, one of them zero, and a matrix that hardly looks at an input that is 100 times the others. */
function model() {
  const table = drawn(rows * width, 3).map((value, i) => value * (Math.floor(i / width) % 8));
  const gain = drawn(width, 5).map((value, i) => (i === 9 ? 100 : 1 + value / 4));
  const matrix = drawn(out * width, 7).map((value, i) => (i % width === 9 ? value / 20 : value));
  const second = drawn(out * out, 11).map((value, i) => value * 10 ** ((Math.floor(i / out) % 5) - 2));
  const shapes = { table: [rows, width], gain: [width], matrix: [out, width], second: [out, out] };
  return Object.entries({ table, gain, matrix, second }).map(([name, data]) => ({
    name,
    data,
    shape: shapes[name as keyof typeof shapes],
  }));
}

function graph(): Record<string, Node> {
  const [table, gain, matrix, second] = model().map(({ name, shape }) => weight(name, shape)) as [
    Node,
    Node,
    Node,
    Node,
  ];
  const x = mul(gather(table, input("input_ids", ["batch", "time"], "i32")), gain);
  const y = matmul(x, matrix, { transposeB: true });
  // The same weight twice, and once with a factor.
  const twice = matmul(matmul(y, second, { transposeB: true }), second, { transposeB: true, scale: 0.125 });
  return { x, y, twice };
}

/** By the reference, of the weights as a file in 8 bits holds them. */
async function expected(rounded: boolean): Promise<Record<string, ArrayLike<number>>> {
  const weights = new Map(
    model().map(({ name, data, shape }) => {
      if (!rounded || shape.length < 2) return [name, { data, shape }];
      const { steps, scales } = quantise(data, shape[0]!);
      return [name, { data: data.map((_, i) => steps[i]! * scales[Math.floor(i / shape[1]!)]!), shape }];
    }),
  );
  const executable = await interpreter().open(graph(), weights);
  const results = await executable.run({ input_ids: { dtype: "i32", ...ids } });
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
}

async function written(name: string, precision: "float32" | "int8"): Promise<string> {
  const path = join(folder, name);
  const weights = new Map(model().map(({ name: key, data, shape }) => [key, { data, shape }]));
  await writeOnnxFile(path, { outputs: graph(), weights, precision });
  return path;
}

async function inNode(path: string): Promise<Record<string, ArrayLike<number>>> {
  const session = await openOnnxFile(path, { threads: 1 });
  const results = await session.run({ input_ids: ids });
  await session.close();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]));
}

/** In the WebAssembly of browsers, of the release that transformers.js brings. */
async function inBrowsers(path: string): Promise<Record<string, ArrayLike<number>>> {
  const ofTransformers = createRequire(createRequire(import.meta.url).resolve("@huggingface/transformers"));
  const ort = ofTransformers("onnxruntime-web/wasm") as typeof OnnxRuntime;
  ort.env.wasm.numThreads = 1;
  const data = { path: "int8.onnx_data", data: await readFile(`${path}_data`) };
  const session = await ort.InferenceSession.create(await readFile(path), { externalData: [data] });
  const feed = new ort.Tensor("int64", BigInt64Array.from(Array.from(ids.data), BigInt), ids.shape);
  const results = await session.run({ input_ids: feed });
  await session.release();
  return Object.fromEntries(
    Object.entries(results).map(([name, { data: values }]) => [name, values as Float32Array]),
  );
}

function expectNear(
  actual: Record<string, ArrayLike<number>>,
  wanted: Record<string, ArrayLike<number>>,
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(wanted));
  for (const [name, values] of Object.entries(wanted)) {
    const largest = Math.max(...Array.from(values, Math.abs));
    for (const [i, value] of Array.from(values).entries())
      expect(Math.abs(actual[name]![i]! - value) / largest, `${name} at ${i}`).toBeLessThan(1e-5);
  }
}

const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>) =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe("a file in floats", () => {
  test("gives what the reference gives", async () => {
    expectNear(await inNode(await written("float32.onnx", "float32")), await expected(false));
  });
});

describe("a file in 8 bits", () => {
  test.each([
    ["ONNX Runtime", inNode],
    ["the ONNX Runtime of browsers", inBrowsers],
  ])("gives in %s exactly what its rounded weights give", async (_, run) => {
    expectNear(await run(await written("int8.onnx", "int8")), await expected(true));
  });

  test("stays near the original where one input is a hundred times the others, which one scale for all inputs does not", async () => {
    const [actual, original] = [await inNode(await written("int8.onnx", "int8")), await expected(false)];
    const inputs = Float32Array.from(original["x"]!);
    const { steps, scales } = quantise(inputs, 1);
    const matrix = model()[2]!.data;
    for (let token = 1; token < 6; token++) {
      const of = (values: ArrayLike<number>) => Array.from(values).slice(token * out, (token + 1) * out);
      expect(cosine(of(actual["y"]!), of(original["y"]!))).toBeGreaterThan(0.997);
      const coarse = Array.from({ length: out }, (_, row) => {
        let sum = 0;
        for (let k = 0; k < width; k++)
          sum += matrix[row * width + k]! * steps[token * width + k]! * scales[0]!;
        return sum;
      });
      expect(cosine(coarse, of(original["y"]!))).toBeLessThan(0.99);
    }
  });

  test("is the same to the byte each time, and much smaller", async () => {
    const read = async (name: string, precision: "float32" | "int8") => {
      const path = await written(name, precision);
      return { model: await readFile(path), data: await readFile(`${path}_data`) };
    };
    const first = await read("int8.onnx", "int8");
    expect(await read("int8.onnx", "int8")).toEqual(first);
    const floats = await read("float32.onnx", "float32");
    expect(first.data.byteLength).toBeLessThan(0.5 * floats.data.byteLength);
  });
});

describe("rounding to 8 bits", () => {
  test("takes each value to the nearest step of its row, whose largest value is 127 steps", () => {
    const values = drawn(6 * 50, 13).map((value, i) => value * 10 ** (Math.floor(i / 50) - 3));
    const { steps, scales } = quantise(values, 6);
    for (const [i, value] of values.entries()) {
      const scale = scales[Math.floor(i / 50)]!;
      expect(Math.abs(value - steps[i]! * scale)).toBeLessThanOrEqual(0.5001 * scale);
    }
    for (let row = 0; row < 6; row++)
      expect(Math.max(...steps.subarray(row * 50, (row + 1) * 50).map(Math.abs))).toBe(127);
  });

  test("keeps a row of zeros at zero", () => {
    expect(quantise(new Float32Array(8), 2)).toEqual({
      steps: new Int8Array(8),
      scales: Float32Array.of(1, 1),
    });
  });
});
