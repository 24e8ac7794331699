import type { PriorityClass } from "../../packages/contract/src/index.ts";
import type { TeamQuota } from "@espalier/scheduler";

/** A run of a trace. Times in ms. */
export interface Job {
  /** Sorts as the jobs were submitted. */
  readonly id: string;
  readonly team: string;
  readonly user: string;
  readonly class: PriorityClass;
  /** From the beginning of the trace. */
  readonly submittedAt: number;
  /** How long it computes, alone and uninterrupted. */
  readonly durationMs: number;
  /** All on one worker, unless it names `machines`. */
  readonly devices: number;
  /**
   * Devices on each machine, of a job that ran on several. The scheduler keeps a run on one worker, so each machine's part
   * is a run of its own here; the job has started when its last part has, and ends with the last.
   */
  readonly machines?: readonly number[];
  /** Per device; null: unknown, so that it takes whole devices. */
  readonly memoryBytes: number | null;
  readonly shares: boolean;
  /** It saves this often; Infinity: never. */
  readonly checkpointMs: number;
}

export interface TraceTeam {
  readonly weight: number;
  readonly quota: TeamQuota | null;
}

export interface Trace {
  /** In the order of submission. */
  readonly jobs: readonly Job[];
  readonly teams: ReadonlyMap<string, TraceTeam>;
}

/** Devices of each part of a job. */
export const partsOf = ({ devices, machines }: Job): readonly number[] => machines ?? [devices];

/** Ids that sort as numbers do. */
export const jobId = (i: number): string => `job_${String(i).padStart(7, "0")}`;
