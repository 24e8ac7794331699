import type { DeviceKind, EngineName, Precision } from "@espalier/contract";
import type { Engine } from "@espalier/tensor";
import { probeOnnx } from "./onnx/probe.ts";
import { probeTensorFlow } from "./tfjs/find.ts";
import type { EngineOptions } from "./options.ts";
import type { Probe } from "./probe.ts";

export interface EngineRow {
  /** Kinds of devices that it computes on. */
  readonly devices: readonly DeviceKind[];
  /** The first is the default, and what all others are compared with. */
  readonly precisions: readonly [Precision, ...Precision[]];
  /** The command that installs it for a kind of device; absent where it comes with Espalier. */
  readonly install?: (kind: DeviceKind) => string;
  /** Whether it is installed for a kind of device. Loads no native library: that may end a process. */
  readonly probe: (kind: DeviceKind) => Probe;
  /** Loads it. @throws {Problem} `device/engine-unavailable` when that fails */
  readonly load: (options: EngineOptions & { readonly precision: Precision }) => Promise<Engine>;
}

/** All that is known of each engine, the best for a kind of device first. */
export const engines: { readonly [Name in EngineName]: EngineRow } = {
  "onnx-cpu": {
    devices: ["cpu"],
    precisions: ["fp32"],
    probe: probeOnnx["cpu"],
    load: async (options) => (await import("./onnx/engine.ts")).onnxEngine("onnx-cpu", ["cpu"], options),
  },
  "onnx-cuda": {
    devices: ["cuda"],
    precisions: ["fp32"],
    install: () => "npm run setup:cuda",
    probe: probeOnnx["cuda"],
    load: async (options) => {
      const { onnxEngine, provider } = await import("./onnx/engine.ts");
      const { loadOnCuda } = await import("./onnx/cuda.ts");
      return onnxEngine("onnx-cuda", [provider("cuda", options.device)], options, loadOnCuda());
    },
  },
  "onnx-webgpu": {
    devices: ["webgpu"],
    precisions: ["fp32"],
    probe: probeOnnx["webgpu"],
    // The provider takes the system's first adapter, and no other.
    load: async (options) =>
      (await import("./onnx/engine.ts")).onnxEngine("onnx-webgpu", ["webgpu"], options),
  },
  tfjs: {
    devices: ["cpu", "cuda"],
    precisions: ["fp32", "bf16-math", "tf32"],
    install: (kind) => (kind === "cuda" ? "npm run setup:tfjs -- --gpu" : "npm run setup:tfjs"),
    probe: probeTensorFlow,
    load: async (options) => (await import("./tfjs/engine.ts")).tfjsEngine(options),
  },
};
