export type { Decisions, Start, Unblock, Waiting, WaitingReason } from "./decisions.ts";
export { Heap } from "./heap.ts";
export { plan } from "./plan.ts";
export { defaultPolicy, type Policy } from "./policy.ts";
export type {
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
  Usage,
  User,
} from "./snapshot.ts";
export { accrued, decayed } from "./usage.ts";
