import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { conformance } from "@espalier/tensor/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseEngine } from "../choose.ts";
import { noSoftwareGpu, useSoftwareGpu } from "../testing/software-gpu.ts";

let folder = "";
beforeAll(async () => {
  if (noSoftwareGpu === undefined) useSoftwareGpu();
  folder = await mkdtemp(join(tmpdir(), "espalier-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
const write = async (bytes: Uint8Array): Promise<string> => {
  const file = join(folder, `${files++}`);
  await writeFile(file, bytes);
  return file;
};

describe("onnx-webgpu, on a GPU made of software", () => {
  const engine = chooseEngine("onnx-webgpu", { threads: 1 });

  test.for(conformance)("$title", { timeout: 60_000 }, async ({ run }, { skip }) => {
    if (noSoftwareGpu !== undefined) skip(noSoftwareGpu);
    await expect(run(engine, { writeFile: write })).resolves.toBeUndefined();
  });
});
