import type { Engine } from "@espalier/tensor";
import { onnxCpu } from "./onnx/engine.ts";

/** What `chooseEngine` takes beside a name. */
export interface EngineOptions {
  /** Threads of the processor that a run may use. Default: one for each core. */
  threads?: number;
}

const engines: Readonly<Record<string, (options: EngineOptions) => Engine>> = { "onnx-cpu": onnxCpu };

/** The engines that this machine can be asked for. */
export const engineNames: readonly string[] = Object.keys(engines);

/** Kinds of devices that an engine computes on. */
const deviceKinds: Readonly<Record<string, readonly string[]>> = { "onnx-cpu": ["cpu"] };

/** Names of the engines that compute on this kind of device (`cpu`, `cuda`, `webgpu`), the best first. */
export const enginesFor = (deviceKind: string): string[] =>
  engineNames.filter((name) => deviceKinds[name]?.includes(deviceKind));

/** An engine by name. Throws RangeError for a name that is not in `engineNames`. */
export function chooseEngine(name: string, options: EngineOptions = {}): Engine {
  const make = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!make) throw new RangeError(`there is no engine "${name}"; there is: ${engineNames.join(", ")}`);
  return make(options);
}
