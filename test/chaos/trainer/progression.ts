import { createHash } from "node:crypto";

/**
 * What the fake trainer computes: a chain of SHA-256, so that the state of a step depends on every step before it, and a
 * run that resumed from the wrong place, or repeated or left out a step, ends with other bytes.
 */
export const stateBytes = 32;

/** State before the first step. */
export const firstState = (seed: number): Buffer => digest(`seed ${seed}`);

/** State after step `step`, from the one before it. */
export const nextState = (state: Buffer, step: number): Buffer => digest(state, `step ${step}`);

/** The loss that is reported for a step: its state as a number in [0, 1). */
export const lossOf = (state: Buffer): number => state.readUInt32LE(0) / 2 ** 32;

/** States after the steps 0, 1, …, `steps`. */
export function statesOf(seed: number, steps: number): Buffer[] {
  const states = [firstState(seed)];
  for (let step = 1; step <= steps; step++) states.push(nextState(states[step - 1], step));
  return states;
}

/** The final tensor, of 128 × 32 bytes. */
export function resultOf(state: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: 128 }, (_, row) => nextState(state, row)));
}

const digest = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
