import type { Policy } from "./policy.ts";
import type { History, Instant, Nominal, QueuedRun, Range, RunningRun } from "./snapshot.ts";

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

/**
 * What a duration is known by: runs like it; its work and the pace of other runs, or measured rates of devices, or a usual pace; or
 * nothing.
 */
export type Basis = "like-runs" | "pace" | "rate" | "usual-pace" | "nothing";

export interface Expectation {
  /** From start to end, in ms. */
  readonly duration: Range;
  readonly basis: Basis;
}

/** A run, as far as its duration goes. */
type Timed = Pick<QueuedRun, "historyKeys" | "wallMs" | "nominal">;

/**
 * How long a run takes from start to end. Where its work is known, the pace of runs of its kind and model says most, as it counts
 * steps and sizes; then how long runs of its kind and model took; then the pace, and the time, of others of its kind. Its limit of
 * wall time bounds it, with the time that it then has to save.
 * @param known of its `historyKeys`, where somebody has looked already
 */
export function expectationOf(
  run: Timed,
  history: HistoryByKey,
  policy: Policy,
  known?: History,
): Expectation {
  const expectation = unboundedOf(run, history, policy, known);
  const { wallMs } = run;
  if (wallMs === undefined) return expectation;
  return { ...expectation, duration: within(expectation.duration, wallMs + policy.graceMs) };
}

function unboundedOf(
  { historyKeys, nominal }: Timed,
  history: HistoryByKey,
  policy: Policy,
  took: History | undefined = historyOf(historyKeys, history, policy),
): Expectation {
  const isAlike = took?.key === historyKeys[0];
  if (nominal !== undefined) {
    for (const [i, key] of nominal.paceKeys.entries()) {
      if (i > 0 && took !== undefined && isAlike) break;
      const pace = history.get(key);
      if (pace)
        return {
          duration: atPace(nominal, pace, policy),
          basis: key.startsWith("rate/") ? "rate" : "pace",
        };
    }
    if (took === undefined) {
      const { earliest, likely, latest } = policy.usualPace;
      const times = (pace: number): number => nominal.seconds * pace;
      return {
        duration: { earliest: times(earliest), likely: times(likely), latest: times(latest) },
        basis: "usual-pace",
      };
    }
  }
  return took
    ? { duration: took.duration, basis: "like-runs" }
    : { duration: policy.unknownDuration, basis: "nothing" };
}

/** A few samples say little about a spread. */
function atPace({ seconds }: Nominal, { duration, samples }: History, { minSamples }: Policy): Range {
  const { earliest, likely, latest } = duration;
  const [least, most] = samples < minSamples ? [likely / 3, likely * 3] : [earliest, latest];
  return { earliest: seconds * least, likely: seconds * likely, latest: seconds * most };
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
  const { duration: total } = unboundedOf(run, history, policy);
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
  if (work === undefined || elapsed < leastElapsed) return undefined;
  const done = work.done - work.before;
  if (done < leastWork) return undefined;
  const likely = ((1 - work.done) * elapsed) / done;
  return { earliest: 0.8 * likely, likely, latest: 1.5 * likely + 60_000 };
}

function expectedRemaining(total: Range, elapsed: number): Range {
  const run = Math.max(0, elapsed);
  const latest = run < total.latest ? total.latest - run : Math.max(run, 1);
  const likely = run < total.likely ? total.likely - run : latest;
  return { earliest: Math.min(Math.max(0, total.earliest - run), likely), likely, latest };
}
