export type { Dim } from "./dim.ts";
export { evaluate, minus, names, normal, plus, terms, times, volume } from "./dim.ts";
export type { DType, Node, OpAttrs, OpName } from "./node.ts";
export { isOp, topological } from "./node.ts";
export { concrete, printShape } from "./shape.ts";
export type { Band, Operand } from "./op.ts";
export {
  add,
  bandMask,
  broadcast,
  concat,
  constant,
  crossEntropy,
  div,
  dropout,
  erf,
  exp,
  gather,
  gelu,
  input,
  inverseRms,
  layerNorm,
  log,
  matmul,
  mul,
  neg,
  oneHot,
  pad,
  range,
  reduceMean,
  reduceSum,
  reshape,
  rmsNorm,
  rotary,
  sigmoid,
  size,
  slice,
  softmax,
  sqrt,
  sub,
  swiGLU,
  tanh,
  transpose,
  weight,
} from "./op.ts";
export type { AttentionOptions } from "./attention.ts";
export { attention, causal } from "./attention.ts";
export type { Seed } from "./grad.ts";
export { gradients } from "./grad.ts";
export { OutOfMemory } from "./engine.ts";
export type { Engine, Executable, Tensor, WeightSource } from "./engine.ts";
export { bindSizes, inputsOf, sourceOf, weightsOf } from "./feeds.ts";
export { decode } from "./half.ts";
export type { ReadBytes } from "./interpret.ts";
export { interpreter } from "./interpret.ts";
export type { ContrastiveBatch, LanguageModelBatch } from "./loss.ts";
export { chanceLevel, infoNCE, languageModelLoss, normalize } from "./loss.ts";
export type { AdamWOptions, AdamWState, Arrays, Schedule } from "./optimizer.ts";
export { adamW, adamWStart, clipGlobalNorm, globalNorm, learningRate } from "./optimizer.ts";
