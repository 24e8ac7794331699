export type { Decisions, PlannedReason, PlannedUnblock, Preemption, Start, WaitingRun } from "./decisions.ts";
export { expectationOf, historyOf, remainingOf } from "./duration.ts";
export { Heap } from "./heap.ts";
export { plan } from "./plan.ts";
export { defaultPolicy, type Policy } from "./policy.ts";
export type {
  Allocation,
  Avoidance,
  Device,
  History,
  HourQuota,
  Instant,
  QueuedRun,
  Range,
  Reservation,
  RunningRun,
  Snapshot,
  Team,
  TeamQuota,
  User,
} from "./snapshot.ts";
export { sameReservations, Standing } from "./standing.ts";
export { accrued, decayed, type Usage } from "./usage.ts";
