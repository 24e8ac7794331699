import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DeviceKind } from "@espalier/contract";
import type { Probe } from "../probe.ts";
import { findOnCuda } from "./cuda.ts";

const require = createRequire(import.meta.url);

/** The folder with ONNX Runtime's binding and libraries for this system, and its version. */
function findOnnxRuntime(): { folder: string; version: string } | undefined {
  try {
    const manifest = require.resolve("onnxruntime-node/package.json");
    const { version } = require(manifest) as { version: string };
    const bin = join(dirname(manifest), "bin");
    const napi = existsSync(bin) ? readdirSync(bin).find((name) => name.startsWith("napi-")) : undefined;
    if (napi === undefined) return undefined;
    const folder = join(bin, napi, process.platform, process.arch);
    return existsSync(join(folder, "onnxruntime_binding.node")) ? { folder, version } : undefined;
  } catch {
    return undefined;
  }
}

const probe = (kind: DeviceKind) => (): Probe => {
  if (kind === "cuda") {
    const found = findOnCuda();
    return found
      ? { installed: true, what: `onnxruntime-node ${found.version} with CUDA` }
      : { installed: false, missing: "ONNX Runtime's provider for CUDA is not installed." };
  }
  const runtime = findOnnxRuntime();
  if (!runtime)
    return {
      installed: false,
      missing: `onnxruntime-node has no library for ${process.platform} on ${process.arch}.`,
    };
  return { installed: true, what: `onnxruntime-node ${runtime.version}` };
};

/** Whether ONNX Runtime computes here on each kind of device. */
export const probeOnnx: { readonly [Kind in DeviceKind]: () => Probe } = {
  cpu: probe("cpu"),
  cuda: probe("cuda"),
  webgpu: probe("webgpu"),
};
