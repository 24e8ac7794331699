import { usualMargin } from "@espalier/contract";
import type { Units } from "../measured.ts";
import { RandomState } from "../random-state.ts";
import { resampled, scoreOf, type Resampled } from "./resampled.ts";

/** The same units under two models, of one dataset and one seed. */
export interface Pair {
  readonly baseline: Units;
  readonly other: Units;
}

export interface CompareOptions {
  /** Default 2,000, and fewer, at least 200, where units and seeds are many. */
  readonly resamples?: number;
  /** Of the draws; default 42. The same pairs and seed give the same intervals. */
  readonly seed?: number;
  /** Loss that counts as none, as a score; default 0.005, half a point. */
  readonly margin?: number;
  /** Awaited after about a hundredth of a second of work, so that others get their turn. */
  readonly pause?: () => Promise<unknown>;
}

/** Limits between which a difference lies. */
export type Interval = readonly [number, number];

/**
 * What can be said of a loss against a margin, from the 90 % interval, which is two one-sided tests at 5 % each (Schuirmann 1987):
 * - equivalent: the interval lies within the margin on both sides
 * - no-loss: the interval lies above the margin below 0, and the gain may be more than the margin
 * - loss: the interval lies below the margin below 0
 * - undecided: none of these; more units or seeds would tell
 */
export type Verdict = "equivalent" | "no-loss" | "loss" | "undecided";

export interface Difference {
  /** Of the scores: other minus baseline. */
  readonly delta: number;
  /** Of 95 %. */
  readonly interval: Interval;
}

export interface Comparison extends Difference {
  /** Of each dataset, in their order. */
  readonly datasets: readonly Difference[];
  readonly margin: number;
  /** Of 90 %, by which the verdict is made. */
  readonly inner: Interval;
  readonly verdict: Verdict;
  readonly resamples: number;
}

/** Units times seeds times models that a comparison goes through at most, unless that left fewer than `leastResamples`. */
const mostWork = 40_000_000;
const leastResamples = 200;
const workBetweenPauses = 1_000_000;

/**
 * Compares two models by the paired bootstrap (Efron & Tibshirani 1993, percentile intervals). Each resample draws seeds, then units of
 * each dataset, with replacement; units are drawn alike for both models and all seeds, as all are measured on the same rows. The difference
 * is the mean over datasets. With one seed it says what another test set would change, and nothing of another training.
 * @param datasets pairs by dataset, then by seed, as many for each dataset
 */
export async function compare(
  datasets: readonly (readonly Pair[])[],
  { resamples: wanted, seed = 42, margin = usualMargin, pause }: CompareOptions = {},
): Promise<Comparison> {
  const seeds = datasets[0]?.length ?? 0;
  if (seeds === 0 || datasets.some((pairs) => pairs.length !== seeds))
    throw new RangeError("a comparison needs datasets with a pair for each seed");
  const sizes = datasets.map(sizeOf);
  const work = 2 * seeds * sizes.reduce((sum, size) => sum + size, 0);
  const resamples = wanted ?? resamplesFor(work);
  const random = new RandomState(seed);
  const measured = datasets.map((pairs) => pairs.map(differenceOf));
  const drawn = datasets.map(() => new Float64Array(resamples));
  let sincePause = 0;
  for (let r = 0; r < resamples; r++) {
    const chosen = draw(seeds, random);
    for (const [d, size] of sizes.entries()) {
      const counts = draw(size, random);
      let sum = 0;
      for (let s = 0; s < seeds; s++) if (chosen[s]! > 0) sum += chosen[s]! * measured[d]![s]!(counts);
      drawn[d]![r] = sum / seeds;
    }
    sincePause += work;
    if (pause === undefined || sincePause < workBetweenPauses) continue;
    sincePause = 0;
    await pause();
  }
  const deltas = datasets.map((pairs) =>
    mean(pairs.map(({ baseline, other }) => scoreOf(other) - scoreOf(baseline))),
  );
  const together = Float64Array.from({ length: resamples }, (_, r) =>
    mean(drawn.map((values) => values[r]!)),
  );
  const inner = interval(together, 0.9);
  return {
    delta: mean(deltas),
    interval: interval(together, 0.95),
    datasets: deltas.map((delta, d) => ({ delta, interval: interval(drawn[d]!, 0.95) })),
    margin,
    inner,
    verdict: verdictOf(inner, margin),
    resamples,
  };
}

/** @param work units times seeds times models */
export const resamplesFor = (work: number): number =>
  Math.min(2_000, Math.max(leastResamples, Math.floor(mostWork / work)));

export function verdictOf([low, high]: Interval, margin: number): Verdict {
  if (low > -margin) return high < margin ? "equivalent" : "no-loss";
  return high < -margin ? "loss" : "undecided";
}

function sizeOf(pairs: readonly Pair[]): number {
  const size = pairs[0]!.baseline.values.length;
  if (
    size === 0 ||
    pairs.some(({ baseline, other }) => [baseline, other].some(({ values }) => values.length !== size))
  )
    throw new RangeError("the units of a dataset must be the same for all models and seeds");
  return size;
}

function differenceOf({ baseline, other }: Pair): Resampled {
  const [one, two] = [resampled(baseline), resampled(other)];
  return (counts) => two(counts) - one(counts);
}

/** How often each of `size` things is drawn in `size` draws. One thing takes no draw. */
function draw(size: number, random: RandomState): Uint32Array {
  const counts = new Uint32Array(size);
  if (size === 1) counts[0] = 1;
  else for (let i = 0; i < size; i++) counts[random.upTo(size - 1)]!++;
  return counts;
}

/** Percentiles by numpy's linear rule; resamples without a score are left out. */
function interval(values: Float64Array, confidence: number): Interval {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
    return below + (above - below) * (place - Math.floor(place));
  };
  const outside = (1 - confidence) / 2;
  return sorted.length === 0 ? [Number.NaN, Number.NaN] : [at(outside), at(1 - outside)];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
