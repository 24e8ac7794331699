import type { Engine } from "@espalier/tensor";
import type { Reports } from "./channel.ts";

/** What every computation gets beside its job. */
export interface Computation {
  engine: Engine;
  /** Aborts when the supervisor asks to stop. */
  signal: AbortSignal;
  report: Reports;
}

/** Most memory that this process has had resident, in bytes. */
export const peakMemoryBytes = (): number => process.resourceUsage().maxRSS * 1024;
