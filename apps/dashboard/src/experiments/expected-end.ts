import type { Plan, PlannedRun, Run } from "@espalier/contract";

/** A run whose end is not known is counted with this, in seconds. */
const unknownSeconds = 600;

/** How much of an experiment is done: each run that has ended counts one, one that computes as far as it has come. */
export function doneOf(runs: readonly Run[], progressOf: (run: Run) => number): number {
  return runs.reduce((sum, run) => sum + (run.endedAt === undefined ? progressOf(run) : 1), 0);
}

/**
 * When the last run of an experiment is likely to end, in milliseconds of the clock: what computes ends as it is told, what waits for a
 * device starts as it is told, and what waits for other runs starts when those have ended; each takes as long as the planner says of
 * a run for the same.
 */
export function expectedEnd(runs: readonly Run[], plan: Plan | undefined, now: number): number | undefined {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const ends = new Map<string, number>();
  const endOf = (run: Run, seen: ReadonlySet<string>): number => {
    const known = ends.get(run.id);
    if (known !== undefined) return known;
    const takes = 1000 * (plan?.runs.find((each) => isFor(each, run))?.duration.likely ?? unknownSeconds);
    const needed = run.dependsOn.flatMap((id) => (seen.has(id) ? [] : (byId.get(id) ?? [])));
    const ready = Math.max(now, ...needed.map((each) => endOf(each, new Set([...seen, run.id]))));
    const start = Math.max(ready, timeOf(run.waiting?.expectedStart?.likely) ?? 0);
    const end =
      run.endedAt === undefined
        ? run.state === "RUNNING"
          ? (timeOf(run.expectedEnd) ?? now + takes)
          : start + takes
        : Date.parse(run.endedAt);
    ends.set(run.id, end);
    return end;
  };
  const open = runs.filter(({ endedAt }) => endedAt === undefined);
  return open.length === 0 ? undefined : Math.max(now, ...open.map((run) => endOf(run, new Set())));
}

const isFor = ({ kind, role, variant }: PlannedRun, run: Run): boolean =>
  kind === run.kind && role === run.role && variant === run.variant;
const timeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);
