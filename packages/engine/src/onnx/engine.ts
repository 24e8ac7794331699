import * as onnxRuntime from "onnxruntime-node";
import { bindSizes, OutOfMemory, type Engine, type Executable, type Tensor } from "@espalier/tensor";
import { buildModel, fusedOnWebGpu } from "@espalier/onnx";
import type { EngineOptions } from "../options.ts";
import { engineUnavailable, ordinalOf } from "../probe.ts";
import { whyNotOnCuda, type OnnxRuntime } from "./cuda.ts";

type Provider = onnxRuntime.InferenceSession.ExecutionProviderConfig;

/** A provider of ONNX Runtime on a device by its address. */
export const provider = (name: string, device: string | undefined): Provider =>
  ({ name, deviceId: ordinalOf(device) }) as Provider;

/**
 * ONNX Runtime on the processor, or on what its providers compute on; what they cannot do the processor does. Weights are
 * read straight from checkpoints, which may be read-only; halves become floats when the executable opens. `run` blocks the
 * event loop until it is done.
 */
export function onnxEngine(
  name: string,
  executionProviders: readonly Provider[],
  { threads = 0 }: Pick<EngineOptions, "threads">,
  { InferenceSession, Tensor: OrtTensor }: OnnxRuntime = onnxRuntime,
): Engine {
  const toOrt = ({ data, shape }: Tensor): onnxRuntime.Tensor =>
    data instanceof Float32Array
      ? new OrtTensor("float32", data, shape)
      : new OrtTensor("int32", data, shape);
  return {
    name,
    async open(outputs, weights = new Map()): Promise<Executable> {
      const { bytes, inputs, folder, packable } = await buildModel(
        outputs,
        weights,
        executionProviders.includes("webgpu") ? fusedOnWebGpu : undefined,
      );
      const session = await InferenceSession.create(bytes, {
        executionProviders,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // Failures are thrown; the log would repeat them on standard error.
        logSeverityLevel: 4,
        // Plans memory for one shape; ours differ from run to run.
        enableMemPattern: false,
        extra: {
          session: {
            model_external_initializers_file_folder_path: folder,
            // Kernels keep a rearranged copy of each weight for each use. It replaces the weight where there is one
            // use (a forward pass), and makes small batches a quarter faster; with two (a backward pass reads
            // matrices both ways) it would double the memory and gain 2 to 5 % on batches of 500 tokens and more.
            disable_prepacking: packable ? "0" : "1",
            // Threads that wait by spinning steal the cores of whoever else works on this host.
            intra_op: { allow_spinning: "0" },
          },
        },
      }).catch(explain);
      let closed = false;
      return {
        async run(feeds) {
          if (closed) throw new Error("this executable is closed");
          bindSizes(inputs.values(), feeds);
          const fed = Object.entries(feeds).filter(([name]) => inputs.has(name));
          const results = await session
            .run(Object.fromEntries(fed.map(([name, tensor]) => [`input:${name}`, toOrt(tensor)])))
            .catch(explain);
          return Object.fromEntries(
            Object.keys(outputs).map((name) => [name, fromOrt(results[`output:${name}`])]),
          );
        },
        async close() {
          if (!closed) await session.release();
          closed = true;
        },
      };
    },
  };
}

function fromOrt(value: onnxRuntime.Tensor | undefined): Tensor {
  if (value?.data instanceof Float32Array) return { dtype: "f32", shape: value.dims, data: value.data };
  if (value?.data instanceof Int32Array) return { dtype: "i32", shape: value.dims, data: value.data };
  throw new TypeError(`ONNX Runtime returned ${value?.type ?? "nothing"} for an output`);
}

/** ONNX Runtime tells kinds of errors apart by their text alone. */
function explain(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (/allocate memory|bad_alloc|bad allocation|CUDA failure 2\b|CUBLAS_STATUS_ALLOC_FAILED/i.test(message))
    throw new OutOfMemory(`there is not enough memory for this run: ${message}`, { cause: error });
  const why = whyNotOnCuda(message);
  if (why !== undefined) throw engineUnavailable(why, undefined, { cause: error });
  throw error;
}
