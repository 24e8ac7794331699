import { describe, expect, test } from "vitest";
import { expectationOf, remainingOf } from "./duration.ts";
import { defaultPolicy } from "./policy.ts";
import type { History, Range } from "./snapshot.ts";
import { exactly, history, HOUR, MINUTE, NOW, running } from "./testing/build.ts";

const spread: Range = { earliest: 10 * MINUTE, likely: 30 * MINUTE, latest: 90 * MINUTE };
const known = (...entries: History[]): Map<string, History> =>
  new Map(entries.map((entry) => [entry.key, entry]));

describe("how long a run takes", () => {
  const historyKeys = ["train/m", "train"];
  const expected = (...entries: History[]): Range =>
    expectationOf({ historyKeys }, known(...entries), defaultPolicy).duration;

  test("is what the most specific key with enough samples measured", () => {
    const general = history("train", { duration: exactly(2 * HOUR) });
    const rare = history("train/m", { duration: spread, samples: 2 });
    const often = history("train/m", { duration: spread, samples: 3 });
    expect(expected(general, often)).toEqual(spread);
    expect(expected(general, rare)).toEqual(exactly(2 * HOUR));
    expect(expected()).toEqual(defaultPolicy.unknownDuration);
  });

  const paceKeys = ["pace/train/m", "pace/train", "pace/compute"];
  const nominal = (seconds: number, ...entries: History[]) => {
    const run = { historyKeys, nominal: { seconds, paceKeys } };
    const { duration, basis } = expectationOf(run, known(...entries), defaultPolicy);
    return [basis, ...[duration.earliest, duration.likely, duration.latest].map(Math.round)];
  };
  const pace = (key: string, likely: number, samples = 3) =>
    history(key, { duration: { earliest: likely / 2, likely, latest: likely * 2 }, samples });

  test("follows from its work and the pace of others, of its own model before those of its kind, and of any that compute", () => {
    expect(nominal(60, pace("pace/compute", 500))).toEqual(["pace", 15_000, 30_000, 60_000]);
    expect(nominal(60, pace("pace/compute", 500), pace("pace/train", 100))).toEqual([
      "pace",
      3_000,
      6_000,
      12_000,
    ]);
    expect(nominal(600, pace("pace/train/m", 200), pace("pace/train", 100))[2]).toBe(120_000);
    // One sample says nothing of a spread.
    expect(nominal(60, pace("pace/train", 100, 1))).toEqual(["pace", 2_000, 6_000, 18_000]);
  });

  test("is that of runs of its kind and model before the pace of others, and by a usual pace before nothing is known", () => {
    const like = history("train/m", { duration: spread });
    expect(nominal(60, pace("pace/train", 100), like)).toEqual(["like-runs", ...Object.values(spread)]);
    expect(nominal(60, history("train", { duration: spread }))[0]).toBe("like-runs");
    expect(nominal(60)).toEqual(["usual-pace", 1_200, 60_000, 600_000]);
  });
});

test("a run takes no longer than its limit of wall time and the time to save", () => {
  const { graceMs, unknownDuration } = defaultPolicy;
  const { duration } = history("train", { duration: spread });
  const limited = (minutes: number, known?: History): Range =>
    expectationOf(
      { historyKeys: ["train"], wallMs: minutes * MINUTE },
      new Map(known && [[known.key, known]]),
      defaultPolicy,
    ).duration;
  const most = (minutes: number): number => minutes * MINUTE + graceMs;
  expect(limited(5)).toEqual({
    earliest: unknownDuration.earliest,
    likely: most(5),
    latest: most(5),
  });
  expect(limited(60, history("train", { duration }))).toEqual({ ...duration, latest: most(60) });
  expect(limited(5, history("train", { duration }))).toEqual(exactly(most(5)));
  expect(limited(240, history("train", { duration }))).toEqual(duration);
});

describe("how long a run still takes by its own speed", () => {
  const after = (minutes: number, work: { done: number; before: number }, wallMs?: number): number[] => {
    const run = running("r", {
      on: [],
      startedAt: NOW - minutes * MINUTE,
      work,
      ...(wallMs === undefined ? {} : { wallMs }),
    });
    const { earliest, likely, latest } = remainingOf(run, NOW, new Map(), defaultPolicy);
    return [earliest, likely, latest].map((ms) => Math.round(ms / MINUTE));
  };

  test("is what is left at that speed, without any other run that is like it", () => {
    // 162 of 2,552 steps in 10 minutes: 148 minutes for the others.
    expect(after(10, { done: 162 / 2552, before: 0 })).toEqual([118, 148, 222]);
    expect(after(10, { done: 0.75, before: 0.5 })).toEqual([8, 10, 16]);
    expect(after(30, { done: 1, before: 0 })).toEqual([0, 0, 1]);
  });

  test("is not told by its first moments, and is bounded by its limit", () => {
    const unknown = Object.values(defaultPolicy.unknownDuration).map((ms) => Math.round(ms / MINUTE));
    expect(after(0.1, { done: 0.5, before: 0 })).toEqual([unknown[0], unknown[1], unknown[2]]);
    expect(after(10, { done: 0.5, before: 0.495 })[1]).toBe(unknown[1]! - 10);
    expect(Math.max(...after(10, { done: 0.05, before: 0 }, 20 * MINUTE))).toBeLessThanOrEqual(15);
  });
});

describe("how long a run still takes", () => {
  const histories = known(history("train", { duration: spread }));
  const after = (minutes: number): number[] => {
    const run = running("r", { on: [], historyKeys: ["train"], startedAt: NOW - minutes * MINUTE });
    const { earliest, likely, latest } = remainingOf(run, NOW, histories, defaultPolicy);
    return [earliest, likely, latest].map((ms) => ms / MINUTE);
  };

  test.each([
    [0, [10, 30, 90]],
    [20, [0, 10, 70]],
    [30, [0, 60, 60]],
    [80, [0, 10, 10]],
    [90, [0, 90, 90]],
    [200, [0, 200, 200]],
    [-5, [10, 30, 90]],
  ])("after %i of 10, 30, 90 minutes", (minutes, left) => {
    expect(after(minutes)).toEqual(left);
  });

  test("is no more than what its limit of wall time leaves, and the time to save", () => {
    const limited = { on: [], historyKeys: ["train"], wallMs: HOUR } as const;
    const left = (minutes: number): Range =>
      remainingOf(
        running("r", { ...limited, startedAt: NOW - minutes * MINUTE }),
        NOW,
        histories,
        defaultPolicy,
      );
    expect(left(10)).toEqual({
      earliest: 0,
      likely: 20 * MINUTE,
      latest: 50 * MINUTE + defaultPolicy.graceMs,
    });
    expect(left(60)).toEqual({
      earliest: 0,
      likely: defaultPolicy.graceMs,
      latest: defaultPolicy.graceMs,
    });
    expect(left(90)).toEqual(exactly(0));
  });

  test("is no more than its grace time when it is asked to stop", () => {
    const asked = { on: [], state: "stopping", historyKeys: ["train"], startedAt: NOW } as const;
    const run = running("r", { ...asked, stopsBy: NOW + MINUTE });
    expect(remainingOf(run, NOW, histories, defaultPolicy)).toEqual(exactly(MINUTE));
    const late = running("r", { ...asked, stopsBy: NOW - MINUTE });
    expect(remainingOf(late, NOW, histories, defaultPolicy)).toEqual(exactly(0));
  });
});
