import type { Engine } from "@espalier/tensor";
import type { Reports } from "./channel.ts";

/** What every computation gets beside its job. */
export interface Computation {
  engine: Engine;
  /** Aborts when the supervisor asks to stop. */
  signal: AbortSignal;
  report: Reports;
}

/** The largest of the processes that compute for this one, each on its device. */
let largest = 0;

/** Keeps what a process on a device says of its peak. */
export const seePeak = (bytes: number): void => void (largest = Math.max(largest, bytes));

/** Most memory that has been resident on one device, in bytes: of this process, or of the largest that computes for it. */
export const peakMemoryBytes = (): number => Math.max(ownPeak(), largest);

/** Most memory that this process alone has had resident, in bytes. */
export const ownPeak = (): number => process.resourceUsage().maxRSS * 1024;
