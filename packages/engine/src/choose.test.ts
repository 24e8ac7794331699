import { engineNames, type DeviceKind } from "@espalier/contract";
import { expect, test } from "vitest";
import {
  chooseEngine,
  enginesFor,
  installedEngines,
  missingEngines,
  precisionOf,
  probeEngines,
} from "./choose.ts";
import { engines } from "./engines.ts";

const kinds: DeviceKind[] = ["cpu", "cuda", "webgpu"];

test("every engine can be had by its name, and no other", () => {
  for (const name of engineNames) expect(chooseEngine(name, { threads: 1 }).name).toBe(name);
  expect(() => chooseEngine("abacus")).toThrow(
    'there is no engine "abacus"; there is: onnx-cpu, onnx-cuda, onnx-webgpu, tfjs',
  );
  expect(() => chooseEngine("constructor")).toThrow(RangeError);
});

test("every engine computes on some kind of device, in precisions that begin with fp32", () => {
  for (const name of engineNames) {
    expect(kinds.some((kind) => enginesFor(kind).includes(name))).toBe(true);
    expect(precisionOf(name)).toBe("fp32");
    expect(new Set(engines[name].precisions).size).toBe(engines[name].precisions.length);
  }
  expect(precisionOf("tfjs", "bf16-math")).toBe("bf16-math");
  expect(() => chooseEngine("onnx-cpu", { precision: "tf32" })).toThrow(
    "onnx-cpu does not compute in tf32; it has fp32",
  );
});

test("the processor always has an engine, the one that comes with Espalier first", () => {
  expect(installedEngines("cpu")[0]).toBe("onnx-cpu");
  expect(probeEngines("cpu").get("onnx-cpu")).toMatchObject({ installed: true });
});

test.each(kinds)("what is not installed for %s is told with the command that installs it", (kind) => {
  const text = missingEngines(kind);
  for (const [name, probe] of probeEngines(kind)) {
    if (probe.installed) continue;
    expect(text).toContain(`${name}: ${probe.missing}`);
    const command = engines[name].install?.(kind);
    if (command !== undefined) expect(text).toContain(`\`${command}\``);
  }
});

test("an engine that is not installed says so when it is first used, and the process lives on", async () => {
  const missing = engineNames.filter(
    (name) => !engines[name].devices.some((kind) => engines[name].probe(kind).installed),
  );
  for (const name of missing)
    await expect(chooseEngine(name).open({})).rejects.toMatchObject({ code: "device/engine-unavailable" });
});
