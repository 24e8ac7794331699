import { createRequire } from "node:module";
import { join } from "node:path";
import { env } from "node:process";
import type * as core from "@tensorflow/tfjs-core";
import type { Precision } from "@espalier/contract";
import type { EngineOptions } from "../options.ts";
import { engineUnavailable } from "../probe.ts";
import { findBinding } from "./find.ts";

/** The ops of TensorFlow.js, whatever computes them. */
export type TensorFlow = typeof core;

/** How TensorFlow is told a precision: it reads its environment once, when it is loaded. */
const settings: Partial<Record<Precision, Readonly<Record<string, string>>>> = {
  // TF32 is the default of TensorFlow on GPUs that have it.
  fp32: { NVIDIA_TF32_OVERRIDE: "0" },
  tf32: {},
  "bf16-math": { TF_SET_ONEDNN_FPMATH_MODE: "BF16", ONEDNN_DEFAULT_FPMATH_MODE: "BF16" },
};

let loaded: { tf: TensorFlow; precision: Precision } | undefined;

/**
 * TensorFlow with its binding, once in a process.
 * @throws {Problem} `device/engine-unavailable` naming what is missing; a second precision in one process is refused
 */
export async function loadTensorFlow({
  precision = "fp32",
  threads,
  device,
}: EngineOptions): Promise<TensorFlow> {
  const onGpu = device?.startsWith("cuda") ?? false;
  const command = onGpu ? "npm run setup:tfjs -- --gpu" : "npm run setup:tfjs";
  if (loaded) {
    if (loaded.precision === precision) return loaded.tf;
    throw engineUnavailable(
      `TensorFlow computes in ${loaded.precision} in this process, and in ${precision} only in another one.`,
      undefined,
    );
  }
  const { found } = findBinding(onGpu ? "cuda" : "cpu");
  if (!found) throw engineUnavailable("TensorFlow is not installed.", command);
  Object.assign(env, settings[precision], { TF_CPP_MIN_LOG_LEVEL: "2" });
  if (threads !== undefined)
    Object.assign(env, { TF_NUM_INTRAOP_THREADS: `${threads}`, TF_NUM_INTEROP_THREADS: "1" });
  const require = createRequire(join(found.folder, "package.json"));
  // Node 23 took this away; the package still calls it.
  const util = require("node:util") as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  let tf: TensorFlow;
  try {
    tf = require(found.folder) as TensorFlow;
    await tf.ready();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw engineUnavailable(`${found.name} does not load: ${reason}`, command, { cause: error });
  }
  if (onGpu && !(tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice)
    throw engineUnavailable(`There is no CUDA device that ${found.name} can use.`, undefined);
  tf.enableProdMode();
  loaded = { tf, precision };
  return tf;
}
