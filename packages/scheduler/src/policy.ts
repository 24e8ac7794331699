import type { PriorityClass } from "@espalier/contract";
import type { Range } from "./snapshot.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export interface Policy {
  /** A run that has waited longer than this is aged: the one that is overdue longest comes before all others. */
  readonly patienceMs: Readonly<Record<PriorityClass, number>>;
  /** Share of the pool's device units that runs started as aged may hold; one such run may always run. */
  readonly agedShare: number;
  /** Added to a predicted peak of memory, as a share of it. */
  readonly memoryMargin: number;
  /** Most runs on one device. */
  readonly sharers: number;
  /** Waiting runs that may keep devices for themselves, each its own. */
  readonly reservations: number;
  /** A run asked to stop has this long to save. */
  readonly graceMs: number;
  /** A run is not preempted before it has run this long. */
  readonly minRunMs: number;
  /** Nobody is preempted, and no reservation moves, to gain less than this. */
  readonly minGainMs: number;
  /** Runs that may preempt in one pass; the others do in the next. */
  readonly preemptors: number;
  /** Assumed where nothing is known. */
  readonly unknownDuration: Range;
  /** Milliseconds that a second of a nominal host takes, where no run has told a pace: hosts differ much. */
  readonly usualPace: Range;
  /** A key of the history speaks from this many samples on. */
  readonly minSamples: number;
  /** Runs of the order whose start is simulated one by one; those after them are estimated together. */
  readonly exact: number;
  /** Whether to say why runs wait. */
  readonly explain: boolean;
}

/** `docs/scheduling.md` gives the reasons. */
export const defaultPolicy: Policy = {
  patienceMs: { urgent: 4 * hour, normal: day, idle: 7 * day },
  agedShare: 0.1,
  memoryMargin: 0.1,
  sharers: 4,
  reservations: 4,
  graceMs: 2 * minute,
  minRunMs: 10 * minute,
  minGainMs: 5 * minute,
  preemptors: 32,
  unknownDuration: { earliest: minute, likely: hour, latest: day },
  usualPace: { earliest: 20, likely: 1000, latest: 10_000 },
  minSamples: 3,
  exact: 256,
  explain: true,
};

const ranks: Readonly<Record<PriorityClass, number>> = { urgent: 2, normal: 1, idle: 0 };

/** Higher may preempt lower. A run beyond its team's quota is at most normal, so that quotas mean something. */
export const rankOf = ({ class: name, borrowing }: { class: PriorityClass; borrowing: boolean }): number =>
  borrowing ? Math.min(ranks[name], ranks.normal) : ranks[name];
