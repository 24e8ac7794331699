import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { probeEngines } from "@espalier/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { calibrated, type CalibrationOptions, type InstalledEngine } from "./calibration.ts";
import type { FoundDevice } from "./host.ts";

let cacheFolder: string;
beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "espalier-rates-"));
});
afterAll(() => rm(cacheFolder, { recursive: true }));

const probe = probeEngines("cpu").get("onnx-cpu")!;
const onnx: InstalledEngine = {
  name: "onnx-cpu",
  what: probe.installed ? probe.what : "",
  precisions: ["fp32"],
};
const processor: FoundDevice = {
  address: "cpu",
  identity: "cpu",
  kind: "cpu",
  name: "Processor",
  engine: "onnx-cpu",
  memoryBytes: 8e9,
  source: { type: "processor" },
  environment: { CUDA_VISIBLE_DEVICES: "" },
};
const warnings: object[] = [];
const options = (more: Partial<CalibrationOptions> = {}): CalibrationOptions => ({
  enginesFor: () => [onnx],
  cacheFolder,
  version: "1",
  threads: 1,
  computeEntry: fileURLToPath(new URL("../../../compute/src/main.ts", import.meta.url)),
  environment: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
  log: { info: () => undefined, warn: (facts: object) => warnings.push(facts) },
  ...more,
});
const nobody = "/nowhere/none.mjs";

test("an engine is measured once; what does not load is left out, and the next start reads what was measured", async () => {
  const broken: InstalledEngine = { name: "onnx-cuda", what: "none", precisions: ["fp32"] };
  const [device] = await calibrated([processor], options({ enginesFor: () => [broken, onnx] }));
  expect(device).toMatchObject({ engine: "onnx-cpu", rates: [{ engine: "onnx-cpu", precision: "fp32" }] });
  expect(device!.rates![0]!.forward).toBeGreaterThan(0.1);
  expect(device!.rates![0]!.training).toBeGreaterThan(0.1);
  expect(warnings).toEqual([expect.objectContaining({ engine: "onnx-cuda" })]);

  const again = await calibrated([processor], options({ computeEntry: nobody }));
  expect(again).toEqual([device]);
}, 60_000);

test("other hardware, threads and versions are measured anew, and a device that nothing computes on says why", async () => {
  for (const [other, more] of [
    [{ ...processor, name: "Other" }, {}],
    [processor, { threads: 2 }],
    [processor, { version: "2" }],
  ] as const) {
    const [device] = await calibrated([other], options({ ...more, computeEntry: nobody }));
    expect(device).toMatchObject({
      engine: "none",
      unusable: expect.stringContaining("onnx-cpu in fp32") as string,
    });
    expect(device!.rates).toBeUndefined();
  }
}, 60_000);

test("a kept rate that cannot be read is measured again, and one that cannot be kept is used", async () => {
  const folder = join(cacheFolder, "rates");
  for (const name of await readdir(folder)) await writeFile(join(folder, name), "{}");
  const [device] = await calibrated([processor], options());
  expect(device!.rates).toHaveLength(1);
  const [unkept] = await calibrated([processor], options({ cacheFolder: "/dev/null" }));
  expect(unkept!.rates).toHaveLength(1);
}, 60_000);

test("a device that its engine does not compute on is only reserved, and one that is held stays so", async () => {
  const reserved = { ...processor, kind: "cuda" as const };
  expect(await calibrated([reserved], options({ enginesFor: () => [] }))).toEqual([reserved]);
  const held = { ...processor, engine: "none", unusable: "Nothing is installed." };
  expect(await calibrated([held], options())).toEqual([held]);
});
