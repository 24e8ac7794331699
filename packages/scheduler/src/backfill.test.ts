import { describe, expect, test } from "vitest";
import type { Snapshot } from "./snapshot.ts";
import { exactly, GB, HOUR, MINUTE, NOW, queued, quota, running, team, worker } from "./testing/build.ts";
import { decide, table } from "./testing/table.ts";

describe("backfill", () => {
  const head = queued("head", { priority: 1, needs: { devices: 2 } });
  const given: Partial<Snapshot> = { devices: worker("a", 2), running: [running("r0", { on: ["a0"] })] };
  table([
    {
      title: "starts a later run that ends before the head begins",
      given: { ...given, queued: [head, queued("short", { duration: exactly(30 * MINUTE) })] },
      starts: { short: ["a1"] },
      keeps: { head: ["a1", "a0"] },
      waits: { head: { expectedStart: exactly(NOW + HOUR) } },
    },
    {
      title: "goes by the cautious end of a duration",
      given: {
        ...given,
        queued: [
          head,
          queued("long", { duration: { earliest: MINUTE, likely: 2 * MINUTE, latest: 61 * MINUTE } }),
        ],
      },
      waits: {
        long: {
          reason: { code: "held-for-head", runIds: ["head"], until: NOW + HOUR },
          unblockedBy: [{ by: "time", at: NOW + HOUR }],
        },
      },
    },
    {
      title: "starts a run of which nothing is known but that its wall time ends before the head begins",
      given: {
        ...given,
        queued: [
          head,
          queued("limited", { historyKeys: [], wallMs: 30 * MINUTE }),
          queued("longer", { historyKeys: [], wallMs: HOUR }),
          queued("unknown", { historyKeys: [] }),
        ],
      },
      starts: { limited: ["a1"] },
      keeps: { head: ["a1", "a0"] },
      waits: { longer: "waiting-for-device", unknown: "waiting-for-device" },
    },
    {
      title: "takes devices that the head does not wait for",
      given: {
        ...given,
        devices: [...worker("a", 2), ...worker("b", 1)],
        queued: [head, queued("long", { duration: exactly(9 * HOUR) })],
      },
      starts: { long: ["b0"] },
    },
    {
      title: "takes memory that the head leaves over",
      given: {
        devices: worker("a", 1),
        running: [running("r0", { on: ["a0"], bytes: 30 * GB })],
        queued: [
          queued("head", { priority: 1, needs: { memoryBytes: 60 * GB, shares: true } }),
          ...[1, 2].map((n) =>
            queued(`r${n}`, { duration: exactly(9 * HOUR), needs: { memoryBytes: 15 * GB, shares: true } }),
          ),
        ],
      },
      policy: { memoryMargin: 0 },
      starts: { r1: ["a0"] },
      waits: { r2: "held-for-head" },
    },
    {
      title: "does not use up the quota that the head will need",
      given: {
        ...given,
        devices: [...worker("a", 2), ...worker("b", 1)],
        teams: [team("t", { quota: quota({ devices: 3, borrowing: 0 }) })],
        queued: [head, queued("other", { duration: exactly(MINUTE) })],
      },
      waits: { other: "team-quota" },
    },
    {
      title: "keeps devices for no more runs than the policy says",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        running: [running("r0", { on: ["a0"] }), running("r1", { on: ["b0"] })],
        queued: [queued("h1"), queued("h2")],
      },
      policy: { reservations: 1 },
      keeps: { h1: ["a0"] },
    },
    {
      title: "lets a reservation stand unless another is clearly better",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        running: [
          running("r0", { on: ["a0"], remaining: exactly(50 * MINUTE) }),
          running("r1", { on: ["b0"], remaining: exactly(54 * MINUTE) }),
        ],
        queued: [queued("head")],
        reservations: [{ runId: "head", deviceIds: ["b0"], at: NOW + 40 * MINUTE, promised: false }],
      },
      keeps: { head: ["b0"] },
    },
    {
      title: "moves a reservation when another is better by more than the least gain",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        running: [
          running("r0", { on: ["a0"], remaining: exactly(50 * MINUTE) }),
          running("r1", { on: ["b0"], remaining: exactly(56 * MINUTE) }),
        ],
        queued: [queued("head")],
        reservations: [{ runId: "head", deviceIds: ["b0"], at: NOW + 40 * MINUTE, promised: false }],
      },
      keeps: { head: ["a0"] },
    },
    {
      title: "forgets a reservation whose device is gone",
      given: {
        devices: worker("a", 1),
        running: [running("r0", { on: ["a0"] })],
        queued: [queued("head")],
        reservations: [{ runId: "head", deviceIds: ["gone"], at: NOW, promised: false }],
      },
      keeps: { head: ["a0"] },
    },
  ]);

  test("is told apart from starting in turn", () => {
    const { starts } = decide({
      devices: worker("a", 3),
      running: [running("r0", { on: ["a0"] })],
      queued: [
        queued("first", { priority: 2 }),
        { ...head, needs: { ...head.needs, devices: 3 } },
        queued("short", { duration: exactly(MINUTE) }),
      ],
    });
    expect(starts.map(({ runId, backfilled }) => [runId, backfilled])).toEqual([
      ["first", false],
      ["short", true],
    ]);
  });
});
