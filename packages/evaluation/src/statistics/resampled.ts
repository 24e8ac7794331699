import { averageRanks } from "../correlation.ts";
import type { Units } from "../measured.ts";

/**
 * The score of units of which each counts so often as `counts` says, which is how often a resample has drawn it; NaN where it has none, as
 * when all values that were drawn are equal. What has to be sorted is sorted once, so that a resample takes time by the number of units.
 */
export type Resampled = (counts: Uint32Array) => number;

export function resampled({ statistic, values, gold }: Units): Resampled {
  if (statistic === "mean") return (counts) => weightedMean(values, counts);
  if (gold === undefined || gold.length !== values.length)
    throw new RangeError(`a ${statistic} of ${values.length} values and ${gold?.length ?? 0} gold ones`);
  return statistic === "spearman" ? resampledSpearman(values, gold) : resampledPrecision(values, gold);
}

/** The score of the units themselves. */
export const scoreOf = (units: Units): number =>
  resampled(units)(new Uint32Array(units.values.length).fill(1));

function weightedMean(values: Float64Array, counts: Uint32Array): number {
  let [sum, total] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += counts[i]! * values[i]!;
    total += counts[i]!;
  }
  return sum / total;
}

function resampledSpearman(values: Float64Array, gold: Float64Array): Resampled {
  const [ranksOfValues, ranksOfGold] = [resampledRanks(values), resampledRanks(gold)];
  return (counts) => {
    const [x, y] = [ranksOfValues(counts), ranksOfGold(counts)];
    const [meanX, meanY] = [weightedMean(x, counts), weightedMean(y, counts)];
    let [xy, xx, yy] = [0, 0, 0];
    for (let i = 0; i < counts.length; i++) {
      const [count, dx, dy] = [counts[i]!, x[i]! - meanX, y[i]! - meanY];
      xy += count * dx * dy;
      xx += count * dx * dx;
      yy += count * dy * dy;
    }
    return xy / Math.sqrt(xx) / Math.sqrt(yy);
  };
}

/** Ranks that values have in a resample; equal ones share the mean of theirs. The array is used again by the next call. */
function resampledRanks(values: Float64Array): (counts: Uint32Array) => Float64Array {
  const order = ascending(values);
  const ranks = averageRanks(values);
  return (counts) => {
    let before = 0;
    for (let from = 0; from < order.length;) {
      let [to, here] = [from, 0];
      for (; to < order.length && values[order[to]!] === values[order[from]!]; to++)
        here += counts[order[to]!]!;
      const rank = before + (here + 1) / 2;
      for (; from < to; from++) ranks[order[from]!] = rank;
      before += here;
    }
    return ranks;
  };
}

/** As `averagePrecision`. */
function resampledPrecision(scores: Float64Array, labels: Float64Array): Resampled {
  const order = ascending(scores).reverse();
  return (counts) => {
    let positives = 0;
    for (let i = 0; i < labels.length; i++) positives += counts[i]! * labels[i]!;
    let [sum, found, seen] = [0, 0, 0];
    for (let from = 0; from < order.length;) {
      const score = scores[order[from]!]!;
      let here = 0;
      for (; from < order.length && scores[order[from]!] === score; from++) {
        seen += counts[order[from]!]!;
        here += counts[order[from]!]! * labels[order[from]!]!;
      }
      found += here;
      if (here > 0) sum += (found / seen) * (here / positives);
    }
    return positives === 0 ? Number.NaN : sum;
  };
}

const ascending = (values: Float64Array): Uint32Array =>
  Uint32Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
