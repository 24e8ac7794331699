import type { Architecture } from "@espalier/contract";
import type { Checkpoint } from "./checkpoint.ts";

/** What the service records of a checkpoint. `dtype` is that of most of its bytes. */
export function architectureOf({ config, tensors, parameters }: Checkpoint): Architecture {
  const bytes = new Map<string, number>();
  for (const tensor of tensors.values())
    bytes.set(tensor.dtype, (bytes.get(tensor.dtype) ?? 0) + tensor.bytes);
  const [dtype] = [...bytes].sort(([, a], [, b]) => b - a)[0] ?? ["F32"];
  return {
    type: config.modelType,
    layers: config.layers,
    hiddenSize: config.hiddenSize,
    vocabularySize: config.vocabularySize,
    parameters,
    dtype,
  };
}
