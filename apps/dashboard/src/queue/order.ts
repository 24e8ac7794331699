/** A waiting run of one user in one class, as far as its place among the others depends on itself. */
export interface Placed {
  runId: string;
  /** Higher first. */
  priority: number;
  /** Of two with the same priority the one that was queued earlier is first. */
  queuedAt: string;
}

/** Priorities that runs may have. */
const [least, greatest] = [-1000, 1000];

/** The priorities that have to change so that runs come in this order, as few as can be; undefined where there is no room. */
export function prioritiesFor(order: readonly Placed[]): Map<string, number> | undefined {
  const found = [raised(order), lowered(order)].filter(
    (changes) =>
      changes !== undefined && [...changes.values()].every((each) => each >= least && each <= greatest),
  );
  return found.sort((a, b) => a.size - b.size)[0];
}

/** Whether the first of two stays before the second, with these priorities. */
const holds = (first: Placed, a: number, second: Placed, b: number): boolean =>
  a > b || (a === b && first.queuedAt < second.queuedAt);

/** From the last to the first: each is raised as far as it must be to come before the next. */
function raised(order: readonly Placed[]): Map<string, number> {
  const changes = new Map<string, number>();
  let next: { run: Placed; priority: number } | undefined;
  for (const run of order.toReversed()) {
    let { priority } = run;
    if (next && !holds(run, priority, next.run, next.priority)) {
      const tied = run.queuedAt < next.run.queuedAt;
      priority = tied ? next.priority : next.priority + 1;
      changes.set(run.runId, priority);
    }
    next = { run, priority };
  }
  return changes;
}

/** From the first to the last: each is lowered as far as it must be to come after the one before. */
function lowered(order: readonly Placed[]): Map<string, number> {
  const changes = new Map<string, number>();
  let before: { run: Placed; priority: number } | undefined;
  for (const run of order) {
    let { priority } = run;
    if (before && !holds(before.run, before.priority, run, priority)) {
      const tied = before.run.queuedAt < run.queuedAt;
      priority = tied ? before.priority : before.priority - 1;
      changes.set(run.runId, priority);
    }
    before = { run, priority };
  }
  return changes;
}
