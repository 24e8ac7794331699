import type { Consumers } from "./consumers.ts";
import { Heap } from "./heap.ts";
import { older, type Turn } from "./order.ts";
import type { Policy } from "./policy.ts";
import type { Instant, QueuedRun } from "./snapshot.ts";

export interface Eligibility {
  /** Runs that can have a turn. */
  readonly eligible: readonly Turn[];
  /** Those of them that have waited longer than their class may; the one that is overdue longest comes first. */
  readonly overdue: Heap<Turn>;
  /** Runs that cannot have one, and why. */
  readonly ineligible: readonly {
    readonly turn: Turn;
    readonly why: "not-yet-due" | "queued-runs";
  }[];
}

const dueAt = (run: QueuedRun, patienceMs: Policy["patienceMs"]): Instant =>
  run.queuedAt + patienceMs[run.class];

/** Sorts queued runs into those that have a turn in this pass and those that have none yet. */
export function sortByEligibility(
  queued: readonly QueuedRun[],
  consumers: Consumers,
  now: Instant,
  { patienceMs }: Policy,
): Eligibility {
  let eligible: Turn[] = [];
  const ineligible: { turn: Turn; why: "not-yet-due" | "queued-runs" }[] = [];
  for (const run of queued) {
    const turn = { run, user: consumers.user(run.teamId, run.userId) };
    if (run.notBefore !== null && run.notBefore > now) ineligible.push({ turn, why: "not-yet-due" });
    else eligible.push(turn);
  }
  for (const [id, limit] of consumers.queueLimits) {
    const own = eligible.filter(({ run }) => run.teamId === id);
    if (own.length <= limit) continue;
    const late = own.sort((a, b) => older(a.run, b.run)).slice(limit);
    for (const turn of late) ineligible.push({ turn, why: "queued-runs" });
    const lateOnes = new Set(late);
    eligible = eligible.filter((turn) => !lateOnes.has(turn));
  }
  const overdue: Turn[] = [];
  for (const turn of eligible) if (dueAt(turn.run, patienceMs) <= now) overdue.push(turn);
  const dueBefore = ({ run: a }: Turn, { run: b }: Turn): boolean => {
    const [dueA, dueB] = [dueAt(a, patienceMs), dueAt(b, patienceMs)];
    return dueA !== dueB ? dueA < dueB : a.id < b.id;
  };
  ineligible.sort((a, b) => older(a.turn.run, b.turn.run));
  return { eligible, overdue: new Heap(dueBefore, overdue), ineligible };
}
