import { errorFunction } from "@espalier/tensor";
import type { VectorStep } from "@espalier/model";
import { unit } from "./vectors.ts";

type Dense = Extract<VectorStep, { kind: "dense" }>;
type LayerNorm = Extract<VectorStep, { kind: "layer-norm" }>;

const activate: Record<Dense["activation"], (x: number) => number> = {
  identity: (x) => x,
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  gelu: (x) => 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2)),
  silu: (x) => x / (1 + Math.exp(-x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** A pooled vector after the modules of sentence-transformers that follow. Sums are in double precision. */
export function afterSteps(vector: Float32Array, steps: readonly VectorStep[]): Float32Array {
  for (const step of steps) {
    if (step.kind === "dense") vector = dense(vector, step);
    else if (step.kind === "layer-norm") vector = layerNorm(vector, step);
    else vector = Float32Array.from(unit(vector));
  }
  return vector;
}

function dense(vector: Float32Array, { inputs, outputs, weight, bias, activation }: Dense): Float32Array {
  const result = new Float32Array(outputs);
  const act = activate[activation];
  for (let row = 0, at = 0; row < outputs; row++) {
    let sum = bias?.[row] ?? 0;
    for (let i = 0; i < inputs; i++, at++) sum += weight[at]! * vector[i]!;
    result[row] = act(sum);
  }
  return result;
}

function layerNorm(vector: Float32Array, { weight, bias }: LayerNorm): Float32Array {
  const mean = vector.reduce((sum, x) => sum + x, 0) / vector.length;
  const variance = vector.reduce((sum, x) => sum + (x - mean) ** 2, 0) / vector.length;
  const scale = 1 / Math.sqrt(variance + 1e-5);
  return vector.map((x, i) => (x - mean) * scale * weight[i]! + bias[i]!);
}
