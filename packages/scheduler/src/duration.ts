import type { Policy } from "./policy.ts";
import type { History, Instant, QueuedRun, Range, RunningRun } from "./snapshot.ts";

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

/** How long a run takes from start to end. Its limit of wall time bounds it, with the time that it then has to save. */
export function durationOf(
  { wallMs }: Pick<QueuedRun, "wallMs">,
  known: History | undefined,
  { unknownDuration, graceMs }: Policy,
): Range {
  const duration = known?.duration ?? unknownDuration;
  return wallMs === undefined ? duration : within(duration, wallMs + graceMs);
}

const within = (range: Range, most: number): Range =>
  range.latest <= most && range.likely <= most
    ? range
    : {
        earliest: Math.min(range.earliest, most),
        likely: Math.min(range.likely, most),
        latest: Math.min(range.latest, most),
      };

/**
 * How long a run still takes, in ms from now: by its own speed where it tells how far it is, else by others like it. A prediction that has proved too short is corrected and never held
 * against the run, as in EASY++ (Tsafrir, Etsion and Feitelson 2007, "Backfilling using system-generated predictions"):
 * past the median the ninetieth percentile counts, and past that as long again as it has run. What is enforced bounds it:
 * its limit of wall time, and its grace where it was asked to stop.
 */
export function remainingOf(run: RunningRun, now: Instant, history: HistoryByKey, policy: Policy): Range {
  const { startedAt, wallMs, state, stopsBy } = run;
  const total = historyOf(run.historyKeys, history, policy)?.duration ?? policy.unknownDuration;
  const stops = state === "stopping" && stopsBy !== null ? stopsBy : Infinity;
  const ends = wallMs === undefined ? Infinity : startedAt + wallMs + policy.graceMs;
  return within(
    measuredRemaining(run, now) ?? expectedRemaining(total, now - startedAt),
    Math.max(0, Math.min(stops, ends) - now),
  );
}

/** So much of its work must be done, and so long must it have run, before its own speed says more than that of other runs. */
const leastWork = 0.01;
const leastElapsed = 20_000;

/** From the speed at which a run has worked so far. What comes after its steps, such as storing the result, is not in it. */
function measuredRemaining({ work, startedAt }: RunningRun, now: Instant): Range | undefined {
  const elapsed = now - startedAt;
  if (work === undefined || elapsed < leastElapsed || work.done - work.before < leastWork) return undefined;
  const likely = ((1 - work.done) * elapsed) / (work.done - work.before);
  return { earliest: 0.8 * likely, likely, latest: 1.5 * likely + 60_000 };
}

function expectedRemaining(total: Range, elapsed: number): Range {
  const run = Math.max(0, elapsed);
  const latest = run < total.latest ? total.latest - run : Math.max(run, 1);
  const likely = run < total.likely ? total.likely - run : latest;
  return { earliest: Math.min(Math.max(0, total.earliest - run), likely), likely, latest };
}
