import type { Accounts } from "./accounts.ts";
import { Heap } from "./heap.ts";
import { older, type Turn } from "./order.ts";
import type { Policy } from "./policy.ts";
import type { Instant, QueuedRun } from "./snapshot.ts";

export interface Sorted {
  /** Runs that can have a turn. */
  readonly turns: readonly Turn[];
  /** Of these, the ones that have waited longer than their class may, the longest overdue first. */
  readonly overdue: Heap<Turn>;
  /** Runs that cannot, and what is missing. */
  readonly outside: readonly {
    readonly turn: Turn;
    readonly why: "not-yet-due" | "dependency" | "queued-runs";
  }[];
}

const dueAt = (run: QueuedRun, patienceMs: Policy["patienceMs"]): Instant =>
  run.queuedAt + patienceMs[run.class];

/** Who takes part in the order. */
export function sortOut(
  queued: readonly QueuedRun[],
  accounts: Accounts,
  now: Instant,
  { patienceMs }: Policy,
): Sorted {
  let turns: Turn[] = [];
  const outside: { turn: Turn; why: "not-yet-due" | "dependency" | "queued-runs" }[] = [];
  for (const run of queued) {
    const turn = { run, user: accounts.user(run.teamId, run.userId) };
    if (run.dependsOn.length > 0) outside.push({ turn, why: "dependency" });
    else if (run.notBefore !== null && run.notBefore > now) outside.push({ turn, why: "not-yet-due" });
    else turns.push(turn);
  }
  for (const [id, limit] of accounts.queueLimits) {
    const own = turns.filter(({ run }) => run.teamId === id);
    if (own.length <= limit) continue;
    const late = own.sort((a, b) => older(a.run, b.run)).slice(limit);
    for (const turn of late) outside.push({ turn, why: "queued-runs" });
    const lateOnes = new Set(late);
    turns = turns.filter((turn) => !lateOnes.has(turn));
  }
  const overdue = turns.filter(({ run }) => dueAt(run, patienceMs) <= now);
  const dueBefore = ({ run: a }: Turn, { run: b }: Turn): boolean => {
    const [dueA, dueB] = [dueAt(a, patienceMs), dueAt(b, patienceMs)];
    return dueA !== dueB ? dueA < dueB : a.id < b.id;
  };
  outside.sort((a, b) => older(a.turn.run, b.turn.run));
  return { turns, overdue: new Heap(dueBefore, overdue), outside };
}
