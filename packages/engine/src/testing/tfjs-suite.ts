import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  attention,
  gradients,
  input,
  matmul,
  reduceSum,
  rmsNorm,
  swiGLU,
  weight,
  type Engine,
  type Node,
  type Tensor,
} from "@espalier/tensor";
import { conformance } from "@espalier/tensor/conformance";
import { interpretOn } from "../tfjs/interpret.ts";
import type { TensorFlow } from "../tfjs/load.ts";

/** A layer with a residual, its gradients, and an optimizer's worth of outputs. */
function layer(): { outputs: Record<string, Node>; feeds: (rows: number) => Record<string, Tensor> } {
  const x = input("x", ["batch", "time", 8]);
  const [up, down] = [input("up", [12, 8]), input("down", [8, 12])];
  const normed = rmsNorm(x, weight("norm", [8]), 1e-5);
  const seen = attention(normed, normed, normed, { heads: 2, band: { before: null, after: 0 } });
  const gate = matmul(seen, up, { transposeB: true });
  const y = matmul(swiGLU(gate, gate), down, { transposeB: true });
  const [dUp, dDown] = gradients([{ output: reduceSum(y, [0, 1, 2]) }], [up, down]);
  const filled = (shape: number[]): Tensor => ({
    dtype: "f32",
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
  });
  return {
    outputs: { y, dUp: dUp!, dDown: dDown! },
    feeds: (rows) => ({ x: filled([rows, 5, 8]), up: filled([12, 8]), down: filled([8, 12]) }),
  };
}
const norm = new Map([["norm", { data: new Float32Array(8).fill(1), shape: [8] }]]);

/** What the engine `tfjs` must do on whatever TensorFlow.js computes on. */
export function describeBackend(name: string, load: () => Promise<TensorFlow>): void {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "espalier-"));
  });
  afterAll(async () => rm(folder, { recursive: true }));
  let files = 0;
  const write = async (bytes: Uint8Array) => {
    const file = join(folder, `${files++}`);
    await writeFile(file, bytes);
    return file;
  };

  describe(name, () => {
    let tf: TensorFlow;
    let engine: Engine;
    beforeAll(async () => {
      tf = await load();
      engine = interpretOn(tf);
    });

    test.each(conformance)("$title", async ({ run }) => {
      await expect(run(engine, { writeFile: write })).resolves.toBeUndefined();
    });

    test("nothing is left over after 1,000 steps, nor after a step that failed, nor when all is closed", async () => {
      const before = tf.memory();
      const { outputs, feeds } = layer();
      const executable = await engine.open(outputs, norm);
      await executable.run(feeds(2));
      const opened = tf.memory();
      for (let step = 0; step < 1000; step++) await executable.run(feeds(1 + (step % 3)));
      await expect(executable.run({ ...feeds(2), up: feeds(2)["down"]! })).rejects.toThrow("up");
      expect(tf.memory()).toMatchObject({ numTensors: opened.numTensors, numBytes: opened.numBytes });
      await executable.close();
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    }, 120_000);

    test("a value is freed when the last node that reads it is computed", async () => {
      let most = 0;
      const chain = Array.from({ length: 50 }).reduce<Node>((y) => matmul(y, y), input("x", [16, 16]));
      const executable = await engine.open({ y: chain });
      const before = tf.memory().numTensors;
      const watched = tf.matMul;
      const spied = {
        ...tf,
        matMul: ((...args: Parameters<typeof watched>) => {
          most = Math.max(most, tf.memory().numTensors - before);
          return watched(...args);
        }) as typeof watched,
      };
      await executable.close();
      const observed = await interpretOn(spied).open({ y: chain });
      await observed.run({ x: { dtype: "f32", shape: [16, 16], data: new Float32Array(256) } });
      await observed.close();
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(3);
    });
  });
}
