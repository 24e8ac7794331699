import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseEngine } from "@espalier/engine";
import type { Engine } from "@espalier/tensor";
import { afterAll, beforeAll, expect, it } from "vitest";
import { selfTest } from "./self-test.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "espalier-"))));
afterAll(() => rm(folder, { recursive: true }));

const engine = chooseEngine("onnx-cpu", { threads: 1 });
const job = () => ({ kind: "self-test" as const, engine: "onnx-cpu", folder });

it("passes on a device that computes", async () => {
  const { seconds } = await selfTest(job(), { engine });
  expect(seconds).toBeGreaterThan(0);
});

it("fails where one number of many is wrong", async () => {
  const faulty: Engine = {
    name: "faulty",
    async open(outputs, weights) {
      const executable = await engine.open(outputs, weights);
      return {
        close: () => executable.close(),
        async run(feeds) {
          const { product } = await executable.run(feeds);
          product!.data[777] = Number.NaN;
          return { product: product! };
        },
      };
    },
  };
  await expect(selfTest(job(), { engine: faulty })).rejects.toMatchObject({
    code: "internal/error",
    message: expect.stringContaining("NaN") as string,
  });
});

it("fails where no file can be written", async () => {
  await expect(selfTest({ ...job(), folder: join(folder, "gone") }, { engine })).rejects.toThrow("ENOENT");
});
