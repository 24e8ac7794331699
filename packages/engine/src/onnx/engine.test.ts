import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  broadcast,
  constant,
  exp,
  input,
  matmul,
  mul,
  OutOfMemory,
  reduceSum,
  rmsNorm,
  weight,
  type Tensor,
  type WeightSource,
} from "@espalier/tensor";
import { conformance } from "@espalier/tensor/conformance";
import { onnxEngine } from "./engine.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "espalier-"));
});
afterAll(async () => rm(folder, { recursive: true }));

const engine = onnxEngine("onnx-cpu", ["cpu"], { threads: 1 });
let files = 0;
const write = async (bytes: Uint8Array) => {
  const file = join(folder, `${files++}`);
  await writeFile(file, bytes);
  return file;
};

describe("onnx-cpu", () => {
  test.each(conformance)("$title", async ({ run }) => {
    await expect(run(engine, { writeFile: write })).resolves.toBeUndefined();
  });

  test("weights behind symbolic links and in different folders are found", async () => {
    const outputs = { y: mul(weight("a", [2]), weight("b", [2])) };
    const weights = new Map<string, WeightSource>();
    for (const name of ["a", "b"]) {
      await mkdir(join(folder, `blobs-${name}`, "deep"), { recursive: true });
      await mkdir(join(folder, "snapshot"), { recursive: true });
      await writeFile(join(folder, `blobs-${name}`, "deep", "blob"), Float32Array.of(3, 5));
      const file = join(folder, "snapshot", name);
      await symlink(join("..", `blobs-${name}`, "deep", "blob"), file);
      weights.set(name, { file, offset: 0, bytes: 8, dtype: "F32", shape: [2] });
    }
    const executable = await engine.open(outputs, weights);
    expect((await executable.run({})).y?.data).toEqual(Float32Array.of(9, 25));
    await executable.close();
  });

  test("a run that cannot fit says so, and the executable lives on", async () => {
    const x = input("x", ["rows", 1]);
    const executable = await engine.open({ y: reduceSum(exp(broadcast(x, ["rows", "rows"])), [0, 1]) });
    const feed = (rows: number): Tensor => ({ dtype: "f32", shape: [rows, 1], data: new Float32Array(rows) });
    await expect(executable.run({ x: feed(4_000_000) })).rejects.toThrow(OutOfMemory);
    expect((await executable.run({ x: feed(3) })).y?.data).toEqual(Float32Array.of(9));
    await executable.close();
  });

  test("memory stays the same over many runs of varying sizes", async () => {
    const w = input("w", [64, 64]);
    const y = rmsNorm(
      matmul(exp(input("x", ["rows", 64])), w),
      constant(
        Array.from({ length: 64 }, () => 1),
        [64],
      ),
      1e-5,
    );
    const executable = await engine.open({ y });
    const run = async (rows: number) =>
      executable.run({
        x: { dtype: "f32", shape: [rows, 64], data: new Float32Array(rows * 64) },
        w: { dtype: "f32", shape: [64, 64], data: new Float32Array(64 * 64) },
      });
    const sizes = Array.from({ length: 200 }, (_, i) => 1 + ((i * 2477) % 2000));
    for (const rows of sizes) await run(rows);
    const before = process.memoryUsage().rss;
    for (const rows of sizes) await run(rows);
    // Results alone are 51 MB per 200 runs, and so would be each intermediate value.
    expect(process.memoryUsage().rss - before).toBeLessThan(40e6);
    await executable.close();
  });

  test("a weight that its file does not hold is refused when the executable opens", async () => {
    const file = await write(new Uint8Array(8));
    const source: WeightSource = { file, offset: 4, bytes: 8, dtype: "F32", shape: [2] };
    const outputs = { y: mul(weight("a", [2]), 2) };
    await expect(engine.open(outputs, new Map([["a", source]]))).rejects.toThrow("out of bounds");
    const absent: WeightSource = { ...source, file: join(folder, "absent") };
    await expect(engine.open(outputs, new Map([["a", absent]]))).rejects.toThrow("absent");
  });
});
