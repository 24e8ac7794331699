import type { Unblock, WaitingReason } from "@espalier/contract";
import type { Allocation, Instant, Range, Reservation } from "./snapshot.ts";

/** What to do now, and why everybody else waits. */
export interface Decisions {
  readonly starts: readonly Start[];
  readonly preemptions: readonly Preemption[];
  /** To be given to the next plan. */
  readonly reservations: readonly Reservation[];
  /** Every queued run that does not start now, in the order in which they would. */
  readonly waiting: readonly WaitingRun[];
}

/** Give these devices, all of one worker, to a run. */
export interface Start {
  readonly runId: string;
  readonly workerId: string;
  readonly allocations: readonly Allocation[];
  /** Beyond its team's quota: the owner of the capacity may reclaim it. */
  readonly borrowing: boolean;
  /** It waited longer than its class may; it is not preempted. */
  readonly aged: boolean;
  /** A run before it in the order waits on. */
  readonly backfilled: boolean;
}

/** Ask a run to save and leave its devices. It is queued again at its old place. */
export interface Preemption {
  readonly runId: string;
  readonly reason: "higher-class" | "reclaim";
  /** The run that gets its devices. */
  readonly forRunId: string;
  readonly graceMs: number;
  /** Seconds since its last checkpoint × device units: what is lost if it cannot save. */
  readonly atRisk: number;
}

/** A queued run that does not start now, or one that has its devices and is not at work yet. */
export interface WaitingRun {
  readonly runId: string;
  /** 1 is next; null: not in the order, because more than its turn is missing. */
  readonly position: number | null;
  readonly reason: PlannedReason;
  /** What would let it start, the likeliest first. */
  readonly unblockedBy: readonly PlannedUnblock[];
  /** Spread of the instant at which it starts if nothing is submitted meanwhile; null: never, or it cannot be told. */
  readonly expectedStart: Range | null;
}

/**
 * What the contract tells people, as a plan has it: instants as numbers, and runs of all teams by their ids. Whoever tells
 * it decides who may read which id.
 */
type Planned<Told> = Told extends unknown
  ? {
      readonly [Fact in keyof Told as Exclude<Fact, "others">]: Fact extends "at" | "until"
        ? Instant
        : Told[Fact] extends string[]
          ? readonly string[]
          : Told[Fact];
    }
  : never;

/** Why a queued run waits. A run that depends on others is not queued yet, and one that is held takes no part. */
export type PlannedReason = Planned<Exclude<WaitingReason, { code: "dependency" | "array-limit" | "held" }>>;

/** What would let a run start. At most four runs or devices are named. */
export type PlannedUnblock = Planned<Unblock>;
