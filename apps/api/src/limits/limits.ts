import type { Pace } from "../http/body.ts";

/** What one client may ask of an API, so that it keeps answering the others. No default is one that an honest client meets. */
export interface Limits {
  /** In a minute; all APIs of a pool count together. */
  requestsPerKey: number;
  /** In a minute, without a key. */
  requestsPerAddress: number;
  /** In a minute, of an address. */
  failedSignIns: number;
  /** By how much later each further failed sign-in of a minute is answered than the one before. */
  failureDelayMs: number;
  /** Event streams of a key that are open at one API. */
  streamsPerKey: number;
  /** Of a JSON body. */
  bodyBytes: number;
  /** In which a JSON body has come whole. */
  bodyMs: number;
  /** How slowly a file may come. */
  pace: Pace;
  /** In which the headers of a request have come. */
  headersMs: number;
  /** After which a connection on which nothing moves is closed; also one that does not read its answer. */
  idleMs: number;
  /** After an answer, in which the rest of a refused body has come. */
  restMs: number;
}

export const defaultLimits: Limits = {
  requestsPerKey: 12_000,
  requestsPerAddress: 3_000,
  failedSignIns: 30,
  failureDelayMs: 100,
  streamsPerKey: 128,
  bodyBytes: 1_048_576,
  bodyMs: 30_000,
  pace: { bytes: 32_768, withinMs: 30_000 },
  headersMs: 15_000,
  idleMs: 120_000,
  restMs: 30_000,
};
