import type { Allocation, Instant, Range, Reservation } from "./snapshot.ts";

/** What to do now, and why everybody else waits. */
export interface Decisions {
  readonly starts: readonly Start[];
  readonly preemptions: readonly Preemption[];
  /** To be given to the next plan. */
  readonly reservations: readonly Reservation[];
  /** Every queued run that does not start now, in the order in which they would. */
  readonly waiting: readonly Waiting[];
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

export interface Waiting {
  readonly runId: string;
  /** 1 is next; null: not in the order, because more than its turn is missing. */
  readonly position: number | null;
  readonly reason: WaitingReason;
  /** What would let it start, the likeliest first. */
  readonly unblockedBy: readonly Unblock[];
  /** Spread of the instant at which it starts if nothing is submitted meanwhile; null: never, or it cannot be told. */
  readonly expectedStart: Range | null;
}

/** Why a run waits. Bytes are per device and hold the margin; units are device units. */
export type WaitingReason =
  | { readonly code: "starting"; readonly workerId: string }
  | { readonly code: "not-yet-due"; readonly at: Instant }
  /** No device of the pool would ever do. `largestBytes` and `mostDevices`: the best single worker's. */
  | {
      readonly code: "no-device-fits";
      readonly needsBytes: number | null;
      readonly largestBytes: number;
      readonly needsDevices: number;
      readonly mostDevices: number;
    }
  /** No worker that is alive has such a device. */
  | { readonly code: "worker-missing"; readonly kinds: readonly string[]; readonly labels: readonly string[] }
  | { readonly code: "device-cordoned"; readonly deviceIds: readonly string[] }
  | {
      readonly code: "team-quota" | "user-quota";
      readonly quota: "devices" | "device-hours" | "queued-runs";
      readonly limit: number;
      readonly used: number;
      readonly needs: number;
    }
  /** A run of the same quota has waited too long and comes first. */
  | { readonly code: "held-for-aged"; readonly runId: string }
  /** It would fit now, but would delay a run before it. */
  | { readonly code: "held-for-head"; readonly runId: string; readonly until: Instant }
  | { readonly code: "gang-incomplete"; readonly needs: number; readonly available: number }
  | { readonly code: "waiting-for-memory"; readonly needsBytes: number; readonly freeBytes: number }
  /** Its team has had more than its share of late, and others wait before it. */
  | {
      readonly code: "fair-share-behind";
      readonly teamId: string;
      readonly share: number;
      readonly fair: number;
    }
  | { readonly code: "waiting-for-device"; readonly matching: number; readonly ahead: number }
  /** Others were asked to leave for it. */
  | { readonly code: "preempting"; readonly runIds: readonly string[]; readonly until: Instant };

export type Unblock =
  | { readonly by: "worker" }
  | { readonly by: "time"; readonly at: Instant }
  /** These runs end; at most four are named. */
  | { readonly by: "runs"; readonly runIds: readonly string[] }
  /** Its turn: this many runs are before it. */
  | { readonly by: "turn"; readonly ahead: number }
  /** Someone raises a quota. */
  | { readonly by: "quota" }
  /** Someone resumes or adds devices. */
  | { readonly by: "device"; readonly deviceIds: readonly string[] }
  /** The run asks for less. */
  | { readonly by: "request" };
