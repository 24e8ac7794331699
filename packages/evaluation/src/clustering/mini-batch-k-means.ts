import type { RandomState } from "../random-state.ts";

export interface KMeansOptions {
  readonly clusters: number;
  /** Vectors of each step; default 500. */
  readonly batch?: number;
  readonly random: RandomState;
}

/** Passes over the data at most. */
const passes = 100;
/** Steps without a better smoothed inertia after which it is done. */
const patience = 10;
/** A cluster with less than this share of the vectors of the largest one gets another centre. */
const reassignment = 0.01;

/**
 * Clusters of vectors by mini-batch k-means (Sculley 2010) with greedy k-means++ (Arthur & Vassilvitskii 2007), as scikit-learn's
 * `MiniBatchKMeans` with its defaults; its draws are others, so clusterings are as good and not the same.
 * @param vectors rows of one matrix
 * @returns the cluster of each vector, from 0
 */
export function miniBatchKMeans(
  vectors: Float32Array,
  width: number,
  { clusters, batch = 500, random }: KMeansOptions,
): Uint32Array {
  const count = vectors.length / width;
  const size = Math.min(batch, count);
  const initial = Math.min(count, Math.max(3 * size, clusters > 3 * size ? 3 * clusters : 0));
  const centres = plusPlus(vectors, width, { clusters, random, among: draw(count, initial, random) });
  const weights = new Float64Array(clusters);
  const alpha = Math.min(1, (2 * size) / (count + 1));
  let [smoothed, best, worse] = [Number.NaN, Infinity, 0];
  const steps = Math.floor((passes * count) / size);
  for (let step = 0; step < steps && worse < patience; step++) {
    const rows = Array.from({ length: size }, () => random.upTo(count - 1));
    const fewest = weights.reduce((least, each) => Math.min(least, each), Infinity);
    const inertia = update(vectors, width, { rows, centres, weights });
    if ((step + 1) % (10 + Math.floor(fewest)) === 0)
      reassign(vectors, width, { rows, centres, weights, random });
    // The first step's inertia says how good the start was, not how good the steps are.
    if (step === 0) continue;
    smoothed = Number.isNaN(smoothed) ? inertia / size : smoothed * (1 - alpha) + (inertia / size) * alpha;
    if (smoothed < best) [best, worse] = [smoothed, 0];
    else worse++;
  }
  const labels = new Uint32Array(count);
  for (let row = 0; row < count; row++) labels[row] = nearest(vectors, row, width, centres).cluster;
  return labels;
}

/** Moves the centres towards the vectors of a batch; returns the sum of the squared distances before. */
function update(
  vectors: Float32Array,
  width: number,
  { rows, centres, weights }: { rows: readonly number[]; centres: Float64Array; weights: Float64Array },
): number {
  const found = rows.map((row) => nearest(vectors, row, width, centres));
  const [sums, counts] = [new Float64Array(centres.length), new Float64Array(weights.length)];
  for (const [i, { cluster }] of found.entries()) {
    counts[cluster]!++;
    for (let k = 0; k < width; k++) sums[cluster * width + k]! += vectors[rows[i]! * width + k]!;
  }
  for (let c = 0; c < weights.length; c++) {
    if (counts[c] === 0) continue;
    const before = weights[c]!;
    weights[c]! += counts[c]!;
    for (let k = c * width; k < (c + 1) * width; k++)
      centres[k] = (centres[k]! * before + sums[k]!) / weights[c]!;
  }
  return found.reduce((sum, { distance }) => sum + distance, 0);
}

/** Gives clusters that have nearly nothing another centre: a vector of the batch. */
function reassign(
  vectors: Float32Array,
  width: number,
  {
    rows,
    centres,
    weights,
    random,
  }: {
    rows: readonly number[];
    centres: Float64Array;
    weights: Float64Array;
    random: RandomState;
  },
): void {
  const most = weights.reduce((largest, each) => Math.max(largest, each), 0);
  const poor = [...weights.keys()]
    .filter((c) => weights[c]! < reassignment * most)
    .sort((a, b) => weights[a]! - weights[b]!)
    .slice(0, Math.floor(rows.length / 2));
  if (poor.length === 0) return;
  const kept = [...weights.keys()].filter((c) => !poor.includes(c)).map((c) => weights[c]!);
  const least = Math.min(...kept);
  const chosen = draw(rows.length, poor.length, random);
  for (const [i, c] of poor.entries()) {
    const row = rows[chosen[i]!]!;
    for (let k = 0; k < width; k++) centres[c * width + k] = vectors[row * width + k]!;
    weights[c] = least;
  }
}

/**
 * Centres far from one another: each is drawn by its squared distance to those before, the best of a few draws.
 * @param among rows from which the centres are drawn
 */
function plusPlus(
  vectors: Float32Array,
  width: number,
  { clusters, random, among }: { clusters: number; random: RandomState; among: readonly number[] },
): Float64Array {
  const centres = new Float64Array(clusters * width);
  const trials = 2 + Math.floor(Math.log(clusters));
  const place = (c: number, row: number) => {
    for (let k = 0; k < width; k++) centres[c * width + k] = vectors[row * width + k]!;
  };
  const first = among[random.upTo(among.length - 1)]!;
  place(0, first);
  let distances = Float64Array.from(among, (row) => squared(vectors, row, first, width));
  for (let c = 1; c < clusters; c++) {
    const total = distances.reduce((sum, each) => sum + each, 0);
    let best: { row: number; distances: Float64Array<ArrayBuffer>; total: number } | undefined;
    for (let trial = 0; trial < trials; trial++) {
      const row = among[drawn(distances, random.double() * total)]!;
      const closer = distances.map((before, i) => Math.min(before, squared(vectors, among[i]!, row, width)));
      const sum = closer.reduce((all, each) => all + each, 0);
      if (!best || sum < best.total) best = { row, distances: closer, total: sum };
    }
    place(c, best!.row);
    distances = best!.distances;
  }
  return centres;
}

/** The first position at which the running sum reaches `at`. */
function drawn(weights: Float64Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i]!;
    if (sum >= at && weights[i]! > 0) return i;
  }
  return weights.length - 1;
}

/** So many different numbers from 0 below `count`, in any order. */
function draw(count: number, size: number, random: RandomState): number[] {
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < size; i++) {
    const j = i + random.upTo(count - 1 - i);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return [...all.subarray(0, size)];
}

function nearest(
  vectors: Float32Array,
  row: number,
  width: number,
  centres: Float64Array,
): { cluster: number; distance: number } {
  let [cluster, distance] = [0, Infinity];
  for (let c = 0; c * width < centres.length; c++) {
    let sum = 0;
    for (let k = 0, a = row * width, b = c * width; k < width; k++, a++, b++)
      sum += (vectors[a]! - centres[b]!) ** 2;
    if (sum < distance) [cluster, distance] = [c, sum];
  }
  return { cluster, distance };
}

function squared(vectors: Float32Array, a: number, b: number, width: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += (vectors[a * width + k]! - vectors[b * width + k]!) ** 2;
  return sum;
}
