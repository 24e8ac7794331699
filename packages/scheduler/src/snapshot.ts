import type { PriorityClass } from "@espalier/contract";

/** Milliseconds since the epoch, on the database's clock. */
export type Instant = number;

/** A measured spread in milliseconds: its tenth, fiftieth and ninetieth percentile. */
export interface Range {
  readonly earliest: number;
  readonly likely: number;
  readonly latest: number;
}

/** All that a plan depends on. Ids are unique in each list; the order of a list means nothing. */
export interface Snapshot {
  /** The instant at which it was taken. */
  readonly now: Instant;
  readonly devices: readonly Device[];
  readonly queued: readonly QueuedRun[];
  readonly running: readonly RunningRun[];
  /** Teams and users that are not listed have weight 1, no usage and no quota. */
  readonly teams: readonly Team[];
  readonly users: readonly User[];
  readonly history: readonly History[];
  /** What the plan before this one has reserved. Without it a reservation may move from worker to worker. */
  readonly reservations: readonly Reservation[];
}

/** One GPU, or the CPU, of a worker. */
export interface Device {
  readonly id: string;
  readonly workerId: string;
  readonly kind: string;
  readonly labels: readonly string[];
  readonly memoryBytes: number;
  /** Free memory as measured, whatever uses the rest; null where it cannot be measured. */
  readonly freeBytes: number | null;
  /** cordoned: by a person; draining: by itself, for a fault; lost: its worker is silent. Only a schedulable one takes runs. */
  readonly state: "schedulable" | "cordoned" | "draining" | "lost";
}

/** What a run needs of the pool. All its devices are on one worker. */
export interface Needs {
  readonly devices: number;
  /** Kinds of device that serve; empty: any. */
  readonly kinds: readonly string[];
  /** Labels that the worker must have, such as `room=cold`. */
  readonly labels: readonly string[];
  /** Predicted peak on each device, before correction and margin; null: unknown, so that it takes whole devices. */
  readonly memoryBytes: number | null;
  /** Lets other runs that share use the rest of its devices. */
  readonly shares: boolean;
}

/**
 * Where a run does not start while another worker of the pool could take it, or another device if all workers have failed
 * it. It ends, so that a run waits for a better place only so long.
 */
export interface Avoidance {
  /** Ids of devices, and of workers with all their devices. */
  readonly places: readonly string[];
  readonly until: Instant;
}

/** A run that is ready to start, or will be at a time that is known. */
export interface QueuedRun {
  readonly id: string;
  readonly teamId: string;
  /** The team itself where a run has no user. */
  readonly userId: string;
  readonly class: PriorityClass;
  /** Orders the runs of one user; higher first. */
  readonly priority: number;
  /** When it became ready first; a preempted run keeps it. */
  readonly queuedAt: Instant;
  /** After a failure that asks for a pause; null: at once. */
  readonly notBefore: Instant | null;
  readonly needs: Needs;
  /** Where it has failed; absent: nowhere. */
  readonly avoids?: Avoidance;
  /** How long it may compute from its start before it must save and leave; absent: as long as it takes. */
  readonly wallMs?: number;
  /** Keys of `history` that describe such runs, the most specific first, such as `train/mdl_1`, `train`. */
  readonly historyKeys: readonly string[];
  readonly nominal?: Nominal;
}

/** How long a run would take on a nominal host, and how to tell what others are. */
export interface Nominal {
  readonly seconds: number;
  /**
   * Keys of `history` whose durations are paces: milliseconds for each of these seconds; the most specific first. A key that begins
   * with `rate/` is a pace that devices were measured for and no run.
   */
  readonly paceKeys: readonly string[];
}

/** A run that holds devices. */
export interface RunningRun {
  readonly id: string;
  readonly teamId: string;
  readonly userId: string;
  readonly class: PriorityClass;
  /** starting: released, not claimed yet; stopping: asked to save and leave. */
  readonly state: "starting" | "running" | "stopping";
  readonly startedAt: Instant;
  /** When a stopping run is ended at the latest; null for others. */
  readonly stopsBy: Instant | null;
  readonly allocations: readonly Allocation[];
  readonly shares: boolean;
  /** As that of a queued run, from `startedAt`. */
  readonly wallMs?: number;
  /** Shares of its work, from 0 to 1: what is done, and what was done when it started; absent where nobody can tell. */
  readonly work?: { readonly done: number; readonly before: number };
  readonly historyKeys: readonly string[];
  readonly nominal?: Nominal;
  /** Work that would be lost if it stopped now. */
  readonly secondsSinceCheckpoint: number;
  /** As `Start` said, and so is `aged`. */
  readonly borrowing: boolean;
  readonly aged: boolean;
}

/** What a run holds, or is given, of one device. */
export interface Allocation {
  readonly deviceId: string;
  /** null: the whole device. */
  readonly reservedBytes: number | null;
  /** What it counts for in usage and quotas: 1 for a whole device, the share of its memory for a part. */
  readonly units: number;
}

/** Device hours that may be spent until `endsAt`, which lies ahead, and what is spent, running runs included. */
export interface HourQuota {
  readonly limit: number;
  readonly used: number;
  readonly endsAt: Instant;
}

export interface TeamQuota {
  /** Device units that are the team's own at any time; null: no limit, and nothing is the team's own. */
  readonly devices: number | null;
  /** Device units beyond that, while nobody entitled wants them; null: no limit; 0: never. */
  readonly borrowing: number | null;
  /** Runs that take part in the order; the oldest do, the rest wait outside. null: all. */
  readonly queuedRuns: number | null;
  readonly deviceHours: HourQuota | null;
}

export interface Team {
  readonly id: string;
  readonly weight: number;
  /** Device seconds, weighted by class and decayed until now, running runs included. */
  readonly usage: number;
  readonly quota: TeamQuota | null;
}

export interface User {
  readonly id: string;
  readonly teamId: string;
  readonly weight: number;
  /** As that of a team. */
  readonly usage: number;
  /** Firm: users do not borrow. */
  readonly quota: { readonly devices: number | null; readonly deviceHours: HourQuota | null } | null;
}

/** What runs of one key have measured. */
export interface History {
  readonly key: string;
  readonly samples: number;
  readonly duration: Range;
  /** Measured peak over predicted, 95th percentile; null: not measured. */
  readonly memoryRatio: number | null;
}

/** Devices that are kept for a run, and when they are expected to be free. */
export interface Reservation {
  readonly runId: string;
  readonly deviceIds: readonly string[];
  readonly at: Instant;
  /** Others were asked to leave these devices for it: they are its own before anybody else's. */
  readonly promised: boolean;
}
