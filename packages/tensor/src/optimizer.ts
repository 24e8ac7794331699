/** Named parameters, or one number for each of their elements. */
export type Arrays = ReadonlyMap<string, Float32Array>;

/** What AdamW remembers. Plain numbers, so that a checkpoint can hold it. */
export interface AdamWState {
  /** Updates made so far. */
  readonly step: number;
  /** Running mean of the gradients. */
  readonly mean: Arrays;
  /** Running mean of their squares. */
  readonly square: Arrays;
}

export interface AdamWOptions {
  learningRate: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
  /** Decoupled: per update, parameters shrink by learningRate · weightDecay. Default 0. */
  weightDecay?: number;
}

/** The state before the first update. */
export function adamWStart(parameters: Arrays): AdamWState {
  const zeros = () => new Map([...parameters].map(([name, { length }]) => [name, new Float32Array(length)]));
  return { step: 0, mean: zeros(), square: zeros() };
}

/**
 * One AdamW update of `parameters` and the state's arrays, in place; returns the state after it.
 * Loshchilov and Hutter 2019 (arXiv:1711.05101), with ε outside the root as in PyTorch.
 * Throws RangeError, and changes nothing, when a parameter has no gradient, no state, or one of another length.
 */
export function adamW(
  parameters: Arrays,
  gradients: Arrays,
  state: AdamWState,
  options: AdamWOptions,
): AdamWState {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  const step = state.step + 1;
  const rate = learningRate / (1 - beta1 ** step);
  const unbias = 1 / Math.sqrt(1 - beta2 ** step);
  const keep = 1 - learningRate * weightDecay;
  const updates = [...parameters].map(([name, p]) => ({
    p,
    g: array(gradients, name, p.length),
    m: array(state.mean, name, p.length),
    v: array(state.square, name, p.length),
  }));
  for (const { p, g, m, v } of updates) {
    for (let i = 0; i < p.length; i++) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] = p[i] * keep - (rate * m[i]) / (Math.sqrt(v[i]) * unbias + epsilon);
    }
  }
  return { ...state, step };
}

function array(arrays: Arrays, name: string, length: number): Float32Array {
  const found = arrays.get(name);
  if (found?.length === length) return found;
  throw new RangeError(`"${name}" needs ${length} numbers, not ${found?.length ?? "none"}`);
}

/** Euclidean norm of all gradients together. Not finite when one of them is not. */
function globalNorm(gradients: Arrays): number {
  let sum = 0;
  for (const gradient of gradients.values())
    for (let i = 0; i < gradient.length; i++) sum += gradient[i] * gradient[i];
  return Math.sqrt(sum);
}

/** Shrinks gradients whose global norm exceeds `limit` to about it, all by one factor; `norm` is the norm before. */
export function clipGlobalNorm(gradients: Arrays, limit: number): { gradients: Arrays; norm: number } {
  const norm = globalNorm(gradients);
  const factor = limit / (norm + 1e-6);
  if (!(factor < 1)) return { gradients, norm };
  return {
    gradients: new Map([...gradients].map(([name, array]) => [name, array.map((g) => g * factor)])),
    norm,
  };
}

export type Schedule =
  | { readonly kind: "constant"; readonly peak: number; readonly warmup: number }
  /** Falls to 0 at step `horizon`, which need not be where training stops. */
  | { readonly kind: "linear"; readonly peak: number; readonly warmup: number; readonly horizon: number };

/** The learning rate of the update after `step` others; it rises linearly from 0 over the first `warmup` updates. */
export function learningRate(schedule: Schedule, step: number): number {
  const { peak, warmup } = schedule;
  if (step < warmup) return (peak * step) / warmup;
  if (schedule.kind === "constant") return peak;
  return peak * Math.max(0, (schedule.horizon - step) / Math.max(1, schedule.horizon - warmup));
}
