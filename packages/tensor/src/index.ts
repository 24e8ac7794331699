export type { Dim } from "./dim.ts";
export { evaluate, terms } from "./dim.ts";
export type { Node, OpName } from "./node.ts";
export { isOp, topological } from "./node.ts";
export { concrete, printShape } from "./shape.ts";
export type { Band } from "./op.ts";
export {
  add,
  bandMask,
  broadcast,
  constant,
  crossEntropy,
  div,
  dropout,
  exp,
  gather,
  gelu,
  input,
  layerNorm,
  matmul,
  mul,
  pad,
  reduceSum,
  reshape,
  rmsNorm,
  rotary,
  sigmoid,
  slice,
  sub,
  swiGLU,
  weight,
} from "./op.ts";
export { attention } from "./attention.ts";
export { gradients } from "./grad.ts";
export { keepProducts } from "./keep.ts";
export { OutOfMemory } from "./engine.ts";
export type { Engine, Executable, Tensor, WeightSource } from "./engine.ts";
export { bindSizes, inputsOf, sourceOf, weightsOf } from "./feeds.ts";
export { decode } from "./half.ts";
export { errorFunction, interpreter } from "./interpret.ts";
export { distillationLoss, type DistillationTarget } from "./distillation.ts";
export { chanceLevel, infoNCE } from "./loss.ts";
export type { AdamWState, Arrays, Schedule } from "./optimizer.ts";
export { adamW, adamWStart, clipGlobalNorm, learningRate } from "./optimizer.ts";
