import { describe, expect, test } from "vitest";
import { plan } from "./plan.ts";
import { defaultPolicy, type Policy } from "./policy.ts";
import type { Range, Snapshot } from "./snapshot.ts";
import {
  exactly,
  GB,
  HOUR,
  MINUTE,
  NOW,
  queued,
  quota,
  running,
  snapshot,
  team,
  worker,
} from "./testing/build.ts";

/** Expected starts in minutes from now. */
const starts = (
  given: Partial<Snapshot>,
  policy: Partial<Policy> = {},
): Record<string, [number, number, number] | null> =>
  Object.fromEntries(
    plan(snapshot(given), { ...defaultPolicy, ...policy }).waiting.map(({ runId, expectedStart }) => [
      runId,
      expectedStart && minutes(expectedStart),
    ]),
  );
const minutes = ({ earliest, likely, latest }: Range): [number, number, number] => [
  (earliest - NOW) / MINUTE,
  (likely - NOW) / MINUTE,
  (latest - NOW) / MINUTE,
];
const spread = (earliest: number, likely: number, latest: number): Range => ({
  earliest: earliest * MINUTE,
  likely: likely * MINUTE,
  latest: latest * MINUTE,
});

describe("the expected start", () => {
  test("carries the spread of every run before along", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 1),
      running: [running("r", { on: ["a0"], remaining: spread(5, 10, 20) })],
      queued: [1, 2, 3].map((n) => queued(`q${n}`, { duration: spread(10, 30, 60) })),
    };
    expect(starts(given)).toEqual({ q1: [5, 10, 20], q2: [15, 40, 80], q3: [25, 70, 140] });
  });

  test("waits for a gang's last device, and gives the rest to those behind", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 3),
      running: [10, 20, 30].map((end, i) =>
        running(`r${i}`, { on: [`a${i}`], remaining: exactly(end * MINUTE) }),
      ),
      queued: [queued("gang", { priority: 1, needs: { devices: 2 } }), queued("one"), queued("two")],
    };
    expect(starts(given)).toEqual({ gang: [20, 20, 20], one: [30, 30, 30], two: [80, 80, 80] });
  });

  test("finds the gap in a shared card", () => {
    const share = (gigabytes: number): { memoryBytes: number; shares: true } => ({
      memoryBytes: gigabytes * GB,
      shares: true,
    });
    const given: Partial<Snapshot> = {
      devices: worker("a", 1),
      running: [
        running("r0", { on: ["a0"], bytes: 40 * GB, remaining: exactly(30 * MINUTE) }),
        running("r1", { on: ["a0"], bytes: 30 * GB, remaining: exactly(10 * MINUTE) }),
      ],
      queued: [queued("q1", { needs: share(35) }), queued("q2", { needs: share(35) })],
    };
    expect(starts(given, { memoryMargin: 0 })).toEqual({ q1: [10, 10, 10], q2: [30, 30, 30] });
  });

  test("waits for a quota to be given back", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 4),
      teams: [team("t", { quota: quota({ devices: 1, borrowing: 0 }) })],
      running: [running("r", { on: ["a0"], remaining: exactly(10 * MINUTE) })],
      queued: [queued("q1"), queued("q2"), queued("x", { teamId: "x" })],
    };
    expect(starts(given)).toEqual({ q1: [10, 10, 10], q2: [70, 70, 70], x: [0, 0, 0] });
  });

  test("waits for the next period where the hours are spent, whatever else is free before", () => {
    const deviceHours = { limit: 1, used: 1, endsAt: NOW + 5 * HOUR };
    const given: Partial<Snapshot> = {
      devices: worker("a", 4),
      teams: [team("t", { quota: quota({ devices: 1, borrowing: 0, deviceHours }) })],
      running: [running("r", { on: ["a0"], remaining: exactly(10 * MINUTE) })],
      queued: [queued("q1"), queued("q2")],
    };
    expect(starts(given)).toEqual({ q1: [300, 300, 300], q2: [360, 360, 360] });
  });

  test("stays in order where shorter runs would make a longer schedule", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 2),
      queued: [
        queued("p0", { priority: 1, duration: spread(10, 9, 10) }),
        queued("p1", { priority: 1, duration: spread(30, 5, 2) }),
        queued("q", { needs: { devices: 2 } }),
      ],
    };
    expect(starts(given)).toMatchObject({ q: [9, 9, 10] });
  });

  test("is estimated beyond the exact part from the work ahead, close to what the exact one says", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 10),
      running: Array.from({ length: 10 }, (_, i) =>
        running(`r${i}`, { on: [`a${i}`], remaining: exactly(i * 6 * MINUTE) }),
      ),
      queued: Array.from({ length: 400 }, (_, i) =>
        queued(`q${i}`, { priority: -i, duration: exactly((10 + (i % 7)) * MINUTE) }),
      ),
    };
    const exact = starts(given, { exact: 400 });
    const coarse = starts(given, { exact: 40 });
    for (const [runId, range] of Object.entries(exact))
      expect(Math.abs(range![1] - coarse[runId]![1])).toBeLessThan(20);
    expect(coarse["q399"]![1]).toBeGreaterThan(HOUR / MINUTE);
  });

  test("is estimated for groups of devices that overlap as one crowd, and for others apart", () => {
    const given: Partial<Snapshot> = {
      devices: [...worker("a", 2), ...worker("c", 1, { kind: "cpu" })],
      queued: Array.from({ length: 30 }, (_, i) => [
        queued(`any${i}`, { priority: -i, needs: { kinds: ["cuda"] } }),
        queued(`ib${i}`, { priority: -i, needs: { kinds: ["cuda", "tpu"] } }),
        queued(`cpu${i}`, { priority: -i, needs: { kinds: ["cpu"] } }),
      ]).flat(),
    };
    const found = starts(given, { exact: 0 });
    expect(found["cpu29"]![1]).toBeCloseTo(29 * 60, 0);
    // Two devices take the last pair at 29 h; an even spread sees it half a run later.
    expect(found["ib29"]![1]).toBeCloseTo(29.5 * 60, 0);
  });
});
