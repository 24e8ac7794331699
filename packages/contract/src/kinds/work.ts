import { weightBytes, type ModelSize } from "./memory.ts";

/**
 * What a run has to do, as far as its spec tells, in seconds of a nominal host. How long it takes is that times a pace, which runs
 * that have ended tell: a host twice as fast halves it. What depends on the data is left to those who have them.
 */
export interface Work {
  /** Whatever the data: to start, and to read and write files. */
  readonly seconds: number;
  /** For each token that is computed. */
  readonly perToken?: number;
  /** Texts that are computed; absent: all of the datasets. */
  readonly texts?: number;
  /** No text has more tokens. */
  readonly longest?: number;
  readonly datasetIds?: readonly string[];
}

/** A process, its model and its session. */
const startSeconds = 5;
/** Floating-point operations in a second. */
export const nominalSpeed = 1e11;
/** Bytes in a second that are read, checked and written. */
const nominalFlow = 2e8;
const bytesPerParameter = 4;

/** For a token of one pass over the weights: `forward` 1, a training that computes twice and goes back once 4. */
export const secondsPerToken = (size: ModelSize, passes: number): number =>
  (2 * (weightBytes(size) / bytesPerParameter) * passes) / nominalSpeed;

/** Of runs that go through a model's files so many times. */
export const filesWork = (size: ModelSize | undefined, times: number): Work | undefined =>
  size && { seconds: startSeconds + (times * size.parameters * bytesPerParameter) / nominalFlow };

/** Of a model whose size nobody knows before it has come. */
export const downloadWork: Work = { seconds: 60 };

export const computeWork = (work: Omit<Work, "seconds">): Work => ({ seconds: startSeconds, ...work });
