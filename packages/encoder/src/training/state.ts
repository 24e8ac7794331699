import { createHash } from "node:crypto";
import type { AdamWState, Arrays } from "@espalier/tensor";
import { expectedTensors } from "@espalier/model";
import type { TrainingInputs } from "./inputs.ts";
import type { BatchesPosition } from "./batches.ts";

/** Everything that the rest of a training depends on: continued from here, it ends with the same bits. */
export interface TrainingState {
  /** Fingerprint of the inputs that the state belongs to. */
  readonly fingerprint: string;
  /** Updates made. */
  readonly step: number;
  /** What is trained, by name. */
  readonly parameters: Arrays;
  readonly optimizer: AdamWState;
  readonly batches: BatchesPosition;
  /** Loss of each step so far. */
  readonly losses: readonly number[];
  /** Real tokens of the steps so far. */
  readonly tokens: number;
  /** Time that the steps so far took. */
  readonly seconds: number;
}

/** Identifies settings, data and model shape, so that a state is not continued with others. */
export function fingerprintOf(inputs: TrainingInputs): string {
  const { model, triplets, settings, encoding, template, mode } = inputs;
  const hash = createHash("sha256");
  const { config } = model;
  const shape = [config.modelType, ...expectedTensors(config)];
  // How often a state is written, and how much is computed at once, may change on the way.
  const { checkpointEvery: _every, chunkTokens: _chunk, ...rest } = settings;
  const sorted = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  hash.update(JSON.stringify([shape, sorted, encoding, template ?? null, mode ?? "default"]));
  for (const { query, positive, negatives, instruction, task } of triplets)
    hash.update(JSON.stringify([query, positive, negatives, instruction ?? null, task ?? null]));
  return hash.digest("hex");
}
