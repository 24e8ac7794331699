import type { Tensor as OrtTensor } from "onnxruntime-node";
import type { Tensor } from "@espalier/tensor";

/** An ONNX file that is ready to run, as other runtimes run it. */
export interface OnnxSession {
  /** Feeds int64 tensors; returns the outputs by name. */
  run(
    feeds: Readonly<Record<string, { shape: readonly number[]; data: ArrayLike<number> }>>,
  ): Promise<Record<string, Tensor>>;
  close(): Promise<void>;
}

/** Opens an ONNX file with whatever stands beside it, on the processor, with ONNX Runtime's usual settings. */
export async function openOnnxFile(
  path: string,
  { threads = 0 }: { threads?: number } = {},
): Promise<OnnxSession> {
  const { InferenceSession, Tensor: OnnxTensor } = await import("onnxruntime-node");
  const session = await InferenceSession.create(path, { intraOpNumThreads: threads, logSeverityLevel: 4 });
  return {
    async run(feeds) {
      const fed = Object.entries(feeds).map(([name, { shape, data }]): [string, OrtTensor] => [
        name,
        new OnnxTensor("int64", BigInt64Array.from(Array.from(data), BigInt), shape),
      ]);
      const results = await session.run(Object.fromEntries(fed));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data, dims }]): [string, Tensor] => [
          name,
          { dtype: "f32", shape: dims, data: data as Float32Array },
        ]),
      );
    },
    close: () => session.release(),
  };
}
