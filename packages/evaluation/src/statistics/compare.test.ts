import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Units } from "../measured.ts";
import { compare, resamplesFor, verdictOf, type Interval } from "./compare.ts";
import { scoreOf } from "./resampled.ts";

interface Intervals {
  delta: number;
  seed: number;
  intervals: { "0.95": Interval; "0.9": Interval };
}

/** Written by tools/oracle/statistics.py with scipy.stats.bootstrap and numpy. */
const golden = JSON.parse(await readFile(new URL("../goldens/statistics.json", import.meta.url), "utf8")) as {
  resamples: number;
  oneSeed: (Intervals & {
    statistic: Units["statistic"];
    baseline: number[];
    other: number[];
    gold: number[];
  })[];
  overSeeds: Intervals & { datasets: [number[], number[]][][] };
};

const { resamples } = golden;
const means = (values: readonly number[]): Units => ({
  statistic: "mean",
  values: Float64Array.from(values),
});
const close = (found: Interval, wanted: Interval) => {
  for (const i of [0, 1] as const) expect(found[i]).toBeCloseTo(wanted[i], 12);
};

describe("a comparison of two models", () => {
  it.each(golden.oneSeed)("has scipy's paired bootstrap of $statistic", async (of) => {
    const units = (values: readonly number[]): Units => ({
      statistic: of.statistic,
      values: Float64Array.from(values),
      gold: Float64Array.from(of.gold),
    });
    const pair = { baseline: units(of.baseline), other: units(of.other) };
    const found = await compare([[pair]], { resamples, seed: of.seed });
    expect(found.delta).toBeCloseTo(of.delta, 12);
    close(found.interval, of.intervals["0.95"]);
    close(found.inner, of.intervals["0.9"]);
    expect(found.datasets).toEqual([{ delta: found.delta, interval: found.interval }]);
  });

  it("draws seeds, and rows alike for all models and seeds, as numpy does", async () => {
    const { datasets, seed, delta, intervals } = golden.overSeeds;
    const pairs = datasets.map((ofSeeds) =>
      ofSeeds.map(([baseline, other]) => ({ baseline: means(baseline), other: means(other) })),
    );
    const found = await compare(pairs, { resamples, seed });
    expect(found.delta).toBeCloseTo(delta, 12);
    close(found.interval, intervals["0.95"]);
    close(found.inner, intervals["0.9"]);
  });

  it("finds no difference where there is none, and pauses while it works", async () => {
    const values = Array.from({ length: 2_000 }, (_, i) => (i * 37) % 101);
    let pauses = 0;
    const pause = () => Promise.resolve(pauses++);
    const units: Units = {
      statistic: "spearman",
      values: Float64Array.from(values),
      gold: Float64Array.from(values),
    };
    const found = await compare([[{ baseline: units, other: units }]], { resamples: 600, pause });
    expect(found).toMatchObject({ delta: 0, interval: [0, 0], verdict: "equivalent", margin: 0.005 });
    expect(pauses).toBeGreaterThan(1);
  });

  it("leaves out resamples that have no score, and takes fewer resamples of many units", async () => {
    const gold = Float64Array.of(0, 1);
    const units: Units = { statistic: "spearman", values: Float64Array.of(0.1, 0.9), gold };
    const { interval } = await compare([[{ baseline: units, other: units }]], { resamples: 50 });
    expect(interval).toEqual([0, 0]);
    expect([1_000, 40_000, 10_000_000].map(resamplesFor)).toEqual([2_000, 1_000, 200]);
  });

  it("is refused over other units and without a pair for each seed", async () => {
    const pair = { baseline: means([1, 2]), other: means([1, 2, 3]) };
    await expect(compare([[pair]])).rejects.toThrow("must be the same");
    await expect(compare([])).rejects.toThrow("a pair for each seed");
    expect(() => scoreOf({ statistic: "spearman", values: Float64Array.of(1, 2) })).toThrow("0 gold ones");
  });
});

describe("the verdict", () => {
  it.each([
    [[-0.004, 0.003], "equivalent"],
    [[-0.004, 0.02], "no-loss"],
    [[-0.02, -0.006], "loss"],
    [[-0.02, 0.003], "undecided"],
    [[-0.005, 0.003], "undecided"],
  ] as const)("of %j within half a point is %s", (interval, verdict) => {
    expect(verdictOf(interval, 0.005)).toBe(verdict);
  });
});
