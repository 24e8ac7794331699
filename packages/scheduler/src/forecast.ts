import type { Candidate } from "./candidate.ts";
import { fits } from "./groups.ts";
import type { Instant, Range } from "./snapshot.ts";
import { Timeline, type ForecastOptions } from "./timeline.ts";

const scenarios: readonly (keyof Range)[] = ["earliest", "likely", "latest"];

/**
 * When each run starts if nothing more is submitted; null: never. The plan is
 * carried forward with every duration at its tenth, fiftieth, ninetieth percentile. Of the runs in order, the first
 * `exact` are put, one by one, where their devices are free first. Those after them share what is left evenly:
 * start = when the devices are free on average + work ahead / devices. O(exact × devices + runs).
 * @param order runs that may start at once
 * @param later runs that wait for a time, or outside the order; they come after those
 * @returns one range for each of `order`, then of `later`
 */
export function forecast(
  order: readonly Candidate[],
  later: readonly Candidate[],
  options: ForecastOptions,
): (Range | null)[] {
  const starts = scenarios.map((scenario) => startsIn(scenario, order, later, options));
  const [earliest, likely, latest] = starts as [Float64Array, Float64Array, Float64Array];
  const ranges: (Range | null)[] = [];
  for (let i = 0; i < likely.length; i++)
    ranges.push(rangeOf(earliest[i]!, likely[i]!, latest[i]!, options.now));
  return ranges;
}

/** Shorter runs can make a schedule longer (Graham 1969); a range stays in order all the same. */
function rangeOf(earliest: number, likely: number, latest: number, now: Instant): Range | null {
  if (earliest === Infinity || likely === Infinity || latest === Infinity) return null;
  return {
    earliest: now + Math.round(Math.min(earliest, likely)),
    likely: now + Math.round(likely),
    latest: now + Math.round(Math.max(latest, likely)),
  };
}

/** Starts in ms from now; Infinity: none. */
function startsIn(
  scenario: keyof Range,
  order: readonly Candidate[],
  later: readonly Candidate[],
  options: ForecastOptions,
): Float64Array {
  const { now, exact } = options;
  const timeline = new Timeline(scenario, options);
  const starts = new Float64Array(order.length + later.length).fill(Infinity);
  let placed = 0;
  const put = (candidate: Candidate, from: number): number =>
    placed++ < exact ? timeline.put(candidate, from) : timeline.estimate(candidate, from);
  for (let i = 0; i < order.length; i++) starts[i] = put(order[i]!, 0);
  for (const [i, candidate] of later.entries()) {
    const { notBefore } = candidate.run;
    const from = notBefore === null ? 0 : Math.max(0, notBefore - now);
    if (fits(candidate.group.schedulable, candidate)) starts[order.length + i] = put(candidate, from);
  }
  return starts;
}
