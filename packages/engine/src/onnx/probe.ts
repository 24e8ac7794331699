import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DeviceKind } from "@espalier/contract";
import type { Probe } from "../probe.ts";

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

/** What a provider of ONNX Runtime needs beside its binding, on the kind of device that it is for. */
const providerFiles: { readonly [Kind in DeviceKind]: string | undefined } = {
  cpu: undefined,
  cuda: "libonnxruntime_providers_cuda.so",
  webgpu: undefined,
};

const probe = (kind: DeviceKind) => (): Probe => {
  const runtime = findOnnxRuntime();
  if (!runtime)
    return {
      installed: false,
      missing: `onnxruntime-node has no library for ${process.platform} on ${process.arch}.`,
    };
  const file = providerFiles[kind];
  if (file !== undefined && !existsSync(join(runtime.folder, file)))
    return { installed: false, missing: `ONNX Runtime's provider for ${kind} is missing (${file}).` };
  return { installed: true, what: `onnxruntime-node ${runtime.version}` };
};

/** Whether ONNX Runtime computes here on each kind of device. */
export const probeOnnx: { readonly [Kind in DeviceKind]: () => Probe } = {
  cpu: probe("cpu"),
  cuda: probe("cuda"),
  webgpu: probe("webgpu"),
};
