import { Type, type Static } from "typebox";

/** What executes tensor graphs. */
export const engineNames = ["onnx-cpu", "onnx-cuda", "onnx-webgpu", "tfjs"] as const;
export type EngineName = (typeof engineNames)[number];

/** In place of a name, for a device that no installed engine computes on: it is shown and takes no runs. */
export const noEngine = "none";

/**
 * How precisely an engine multiplies and stores numbers, by name. Norms, softmax, losses and trained parameters are in fp32
 * in all of them.
 */
export const precisionMeanings = {
  fp32: "products and weights in 32 bits",
  tf32: "products of 32-bit numbers whose fractions are rounded to 10 bits (tensor cores of NVIDIA GPUs since Ampere)",
  "bf16-math": "products of 32-bit numbers that are rounded to bfloat16 (processors with AMX or AVX512-BF16)",
  bf16: "weights and products in bfloat16",
  fp16: "weights and products in 16 bits",
  int8: "weights in 8 bits",
} as const;
export type Precision = keyof typeof precisionMeanings;
export const precisions = Object.keys(precisionMeanings) as Precision[];
export const Precision = Type.Unsafe<Precision>({ type: "string", enum: precisions });

/** What a run may ask of the engine that computes it. Without a precision: fp32, or what the worker was set to. */
export const engineChoice = {
  engine: Type.Optional(Type.Enum(["auto", ...engineNames], { description: "default: auto, the fastest" })),
  precision: Type.Optional(Precision),
};

/** An engine in one precision on one device, and how fast it is there: a worker measures it when it starts. */
export const EngineRate = Type.Object({
  engine: Type.Enum(engineNames),
  precision: Precision,
  forward: Type.Optional(Type.Number({ description: "GFLOP/s" })),
  training: Type.Optional(Type.Number()),
});
export type EngineRate = Static<typeof EngineRate>;

/** What a result says of what computed it; results of earlier versions do not. */
export const computedOn = {
  computedOn: Type.Optional(
    Type.Object({
      engine: Type.String(),
      precision: Precision,
      devices: Type.Array(Type.String()),
    }),
  ),
};
