import type { Policy } from "./policy.ts";
import type { History, Instant, Range, RunningRun } from "./snapshot.ts";

export type HistoryByKey = ReadonlyMap<string, History>;

/** The history of the first key that has enough samples. */
export function historyOf(
  keys: readonly string[],
  history: HistoryByKey,
  { minSamples }: Policy,
): History | undefined {
  for (const key of keys) {
    const found = history.get(key);
    if (found && found.samples >= minSamples) return found;
  }
  return undefined;
}

/** How long a run takes from start to end. */
export const durationOf = (known: History | undefined, { unknownDuration }: Policy): Range =>
  known?.duration ?? unknownDuration;

/**
 * How long a run still takes, in ms from now. A prediction that has proved too short is corrected and never held
 * against the run, as in EASY++ (Tsafrir, Etsion and Feitelson 2007, "Backfilling using system-generated predictions"):
 * past the median the ninetieth percentile counts, and past that as long again as it has run.
 */
export function remainingOf(run: RunningRun, now: Instant, history: HistoryByKey, policy: Policy): Range {
  const total = durationOf(historyOf(run.historyKeys, history, policy), policy);
  const left = expectedRemaining(total, now - run.startedAt);
  if (run.state !== "stopping" || run.stopsBy === null) return left;
  const most = Math.max(0, run.stopsBy - now);
  return {
    earliest: Math.min(left.earliest, most),
    likely: Math.min(left.likely, most),
    latest: Math.min(left.latest, most),
  };
}

function expectedRemaining(total: Range, elapsed: number): Range {
  const run = Math.max(0, elapsed);
  const latest = run < total.latest ? total.latest - run : Math.max(run, 1);
  const likely = run < total.likely ? total.likely - run : latest;
  return { earliest: Math.min(Math.max(0, total.earliest - run), likely), likely, latest };
}
