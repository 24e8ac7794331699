import type { Candidate } from "./candidate.ts";
import { fits } from "./groups.ts";
import type { Range } from "./snapshot.ts";
import { Timeline, type ForecastOptions } from "./timeline.ts";

const scenarios: readonly (keyof Range)[] = ["earliest", "likely", "latest"];

/**
 * When each run starts if nothing more is submitted; null: never, or after a run of which nothing is known. The plan is
 * carried forward with every duration at its tenth, fiftieth, ninetieth percentile. Of the runs in order, the first
 * `exact` are put, one by one, where their devices are free first. Those after them share what is left evenly:
 * start = when the devices are free on average + work ahead / devices. O(exact × devices + runs).
 * @param order runs that may start at once
 * @param later runs that wait for a time or for other runs; they come after those
 * @returns one range for each of `order`, then of `later`
 */
export function forecast(
  order: readonly Candidate[],
  later: readonly Candidate[],
  options: ForecastOptions,
): (Range | null)[] {
  const starts = scenarios.map((scenario) => startsIn(scenario, order, later, options));
  const { now } = options;
  return Array.from({ length: order.length + later.length }, (_, i) => {
    const earliest = starts[0]![i]!;
    const likely = starts[1]![i]!;
    const latest = starts[2]![i]!;
    if (earliest === Infinity || likely === Infinity || latest === Infinity) return null;
    // Shorter runs can make a schedule longer (Graham 1969); a range stays in order all the same.
    return {
      earliest: now + Math.round(Math.min(earliest, likely)),
      likely: now + Math.round(likely),
      latest: now + Math.round(Math.max(latest, likely)),
    };
  });
}

/** Starts in ms from now; Infinity: none. */
function startsIn(
  scenario: keyof Range,
  order: readonly Candidate[],
  later: readonly Candidate[],
  options: ForecastOptions,
): Float64Array {
  const { held, now, exact } = options;
  const timeline = new Timeline(scenario, options);
  const starts = new Float64Array(order.length + later.length).fill(Infinity);
  let placed = 0;
  const put = (candidate: Candidate, from: number): number =>
    placed++ < exact ? timeline.put(candidate, from) : timeline.estimate(candidate, from);
  for (let i = 0; i < order.length; i++) starts[i] = put(order[i]!, 0);
  if (later.length === 0) return starts;

  const ends = new Map<string, number>();
  for (const { run } of later) for (const id of run.dependsOn) ends.set(id, Infinity);
  const end = ({ run, duration }: Candidate, start: number): void => {
    if (ends.has(run.id)) ends.set(run.id, start + duration[scenario]);
  };
  for (const [id, { remaining }] of held) if (ends.has(id)) ends.set(id, remaining[scenario]);
  for (const [i, candidate] of order.entries()) end(candidate, starts[i]!);
  // A run may depend on one that comes after it in the list, so until nothing more can be told.
  let rest = later.map((_, i) => i);
  for (let before = Infinity; rest.length < before;) {
    before = rest.length;
    rest = rest.filter((i) => {
      const candidate = later[i]!;
      const { notBefore, dependsOn } = candidate.run;
      let from = notBefore === null ? 0 : Math.max(0, notBefore - now);
      for (const id of dependsOn) from = Math.max(from, ends.get(id)!);
      if (from === Infinity) return true;
      if (!fits(candidate.group.schedulable, candidate)) return false;
      const start = put(candidate, from);
      starts[order.length + i] = start;
      end(candidate, start);
      return false;
    });
  }
  return starts;
}
