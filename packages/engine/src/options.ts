import type { Precision } from "@espalier/contract";

/** What an engine is told beside its graphs. */
export interface EngineOptions {
  /** Threads of the processor that a run may use. Default: one for each core. */
  threads?: number;
  /** Address of the device, such as `cuda:1`, among those that this process sees. Default: the first of its kind. */
  device?: string;
  /** One of the engine's. Default: the first of them. */
  precision?: Precision;
  /** Bytes of the device that may be used, for engines that can be told. Default: all. */
  memoryBytes?: number;
}
