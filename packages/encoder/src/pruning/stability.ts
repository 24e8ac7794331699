import type { KeptLayers, PickStability, SearchStability } from "@espalier/contract";
import { Random } from "../random.ts";
import type { Picks } from "./picks.ts";

export interface StabilityOptions {
  /** How many samples were drawn: batches of a search, or units of an evaluation. */
  readonly draws: number;
  /** Samples of the dataset in each draw. */
  readonly samplesPerDraw: number;
  /** What would be picked if each draw had come so often. */
  readonly pick: (counts: Uint32Array) => Picks;
  readonly seed: number;
}

const resamples = 1_000;
/** How many times as many draws are tried until the pick is sure. */
const factors = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/** Resamples at each of these. */
const trials = 400;
const sure = 0.95;
const mostOthers = 4;

/**
 * How sure the picks are: the draws are drawn again with replacement (Efron's bootstrap), and the share of the resamples that pick the
 * same is told. Resamples larger than the data tell how many samples would make it sure, as if what was seen were all there is: a
 * pick that the data got wrong looks surer than it is.
 * @returns undefined of a single draw, which says nothing of its spread
 */
export function stabilityOf({
  draws,
  samplesPerDraw,
  pick,
  seed,
}: StabilityOptions): SearchStability | undefined {
  if (draws < 2) return undefined;
  const random = Random.seeded(seed);
  const counts = new Uint32Array(draws);
  const redraw = (size: number): Picks => pick(drawAgain(counts, random, size));
  const original = pick(counts.fill(1));
  const found = Array.from({ length: resamples }, () => redraw(draws));
  const sizes = { small: null as number | null, large: null as number | null };
  for (const factor of factors) {
    const size = Math.ceil(factor * draws);
    if (size < 2 || (sizes.small !== null && sizes.large !== null)) continue;
    const tried = Array.from({ length: trials }, () => redraw(size));
    for (const name of ["small", "large"] as const)
      if (shareOf(tried, name, original[name]) >= sure) sizes[name] ??= size * samplesPerDraw;
  }
  const of = (name: keyof Picks): PickStability | null => {
    const picked = original[name];
    if (picked === null) return null;
    return {
      share: shareOf(found, name, picked),
      others: othersOf(found, name, picked),
      samplesFor95: sizes[name],
    };
  };
  return { resamples, small: of("small"), large: of("large") };
}

/** Counts, in place, how often each comes when so many are drawn with replacement. */
export function drawAgain(counts: Uint32Array, random: Random, size = counts.length): Uint32Array {
  counts.fill(0);
  for (let i = 0; i < size; i++) counts[Math.floor(random.uniform() * counts.length)]! += 1;
  return counts;
}

/**
 * Means over draws that come so often each.
 * @param rows one for each value, one number for each draw
 */
export function meansBy(rows: readonly ArrayLike<number>[], counts: Uint32Array): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return rows.map((row) => {
    let sum = 0;
    for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) sum += counts[i]! * row[i]!;
    return sum / total;
  });
}

const keyOf = (kept: KeptLayers | null): string => String(kept);

const shareOf = (found: readonly Picks[], name: keyof Picks, picked: KeptLayers | null): number =>
  found.filter((each) => keyOf(each[name]) === keyOf(picked)).length / found.length;

function othersOf(found: readonly Picks[], name: keyof Picks, picked: KeptLayers): PickStability["others"] {
  const others = new Map<string, { layers: KeptLayers; count: number }>();
  for (const { [name]: layers } of found) {
    if (layers === null || keyOf(layers) === keyOf(picked)) continue;
    const before = others.get(keyOf(layers))?.count ?? 0;
    others.set(keyOf(layers), { layers, count: before + 1 });
  }
  return [...others.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, mostOthers)
    .map(({ layers, count }) => ({ layers, share: count / found.length }));
}
