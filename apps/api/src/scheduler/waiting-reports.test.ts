import { Value } from "typebox/value";
import { explainWaiting, WaitingReason } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import type { PlannedReason, WaitingRun } from "@espalier/scheduler";
import { NOW } from "../../../../packages/scheduler/src/testing/build.ts";
import { namesFor, WaitingReports, toReason } from "./waiting-reports.ts";

const teamOf = new Map([
  ["run_a", "t"],
  ["run_b", "other"],
  ["run_w", "t"],
]);
const waiting = (given: Partial<WaitingRun> = {}): WaitingRun => ({
  runId: "run_w",
  position: 3,
  reason: { code: "waiting-for-device", matching: 2, ahead: 2 },
  unblockedBy: [{ by: "runs", runIds: ["run_a", "run_b"] }],
  expectedStart: { earliest: NOW, likely: NOW + 60_000, latest: NOW + 120_000 },
  ...given,
});

describe("the reports", () => {
  it("report a reason once, and name runs of the same team and count the others", () => {
    const reports = new WaitingReports();
    expect(reports.changed([waiting()], teamOf, NOW)).toEqual([
      {
        runId: "run_w",
        reason: { code: "waiting-for-device", matching: 2, ahead: 2 },
        position: 3,
        unblockedBy: [{ by: "runs", runIds: ["run_a"], others: 1 }],
        expectedStart: {
          earliest: "2026-06-01T12:00:00.000Z",
          likely: "2026-06-01T12:01:00.000Z",
          latest: "2026-06-01T12:02:00.000Z",
        },
      },
    ]);
    expect(reports.changed([waiting()], teamOf, NOW + 1)).toEqual([]);
    expect(reports.changed([waiting()], teamOf, NOW + 3_600_000)).toEqual([]);
  });

  it("report another reason at once, and another place after a while", () => {
    const reports = new WaitingReports();
    reports.changed([waiting()], teamOf, NOW);
    const moved = waiting({ position: 2, reason: { code: "waiting-for-device", matching: 2, ahead: 1 } });
    expect(reports.changed([moved], teamOf, NOW + 500)).toEqual([]);
    expect(reports.dueAt).toBe(NOW + 1_000);
    expect(reports.changed([moved], teamOf, NOW + 1_000)).toMatchObject([{ position: 2 }]);
    expect(reports.dueAt).toBeUndefined();
    const held = waiting({ position: 2, reason: { code: "held-for-head", runIds: ["run_b"], until: NOW } });
    expect(reports.changed([held], teamOf, NOW + 1_001)).toMatchObject([
      { reason: { code: "held-for-head", runIds: [], others: 1 } },
    ]);
  });

  it("report places less often when many runs wait, and everything again when the last report was not stored", () => {
    const queue = (shift: number) =>
      Array.from({ length: 10_000 }, (_, i) => waiting({ runId: `run_${i}`, position: i + 1 + shift }));
    const reports = new WaitingReports();
    expect(reports.changed(queue(1), teamOf, NOW)).toHaveLength(10_000);
    expect(reports.changed(queue(0), teamOf, NOW + 29_000)).toEqual([]);
    expect(reports.changed(queue(0), teamOf, NOW + 30_000)).toHaveLength(10_000);
    const untold = reports.changed(queue(1), teamOf, NOW + 61_000).slice(-3);
    reports.forget(untold);
    expect(reports.changed(queue(1), teamOf, NOW + 61_001)).toEqual(untold);
    reports.forget();
    expect(reports.changed(queue(0), teamOf, NOW + 61_002)).toHaveLength(10_000);
  });

  it("leave out runs that are starting, and an expected start that never comes", () => {
    const reason: PlannedReason = { code: "starting", workerId: "wrk_1" };
    expect(new WaitingReports().changed([waiting({ reason })], teamOf, NOW)).toEqual([]);
    const never = { earliest: Infinity, likely: Infinity, latest: Infinity };
    expect(new WaitingReports().changed([waiting({ expectedStart: never })], teamOf, NOW)).toMatchObject([
      { expectedStart: null },
    ]);
  });
});

const reasons: { [Code in PlannedReason["code"]]: Omit<Extract<PlannedReason, { code: Code }>, "code">[] } = {
  starting: [{ workerId: "wrk_1" }],
  "not-yet-due": [{ at: NOW }],
  "no-device-fits": [
    { needsBytes: 9e9, largestBytes: 8e9, needsDevices: 1, mostDevices: 4 },
    { largestBytes: 8e9, needsDevices: 9, mostDevices: 4 },
  ],
  "worker-missing": [
    { kinds: ["cuda"], labels: ["zone=a"] },
    { kinds: [], labels: [] },
  ],
  "device-cordoned": [{ deviceIds: ["dev_1"] }],
  "team-quota": [
    { quota: "devices", limit: 4, used: 3.5, needs: 1 },
    { quota: "queued-runs", limit: 4, used: 4, needs: 1 },
  ],
  "user-quota": [{ quota: "device-hours", limit: 40, used: 39, needs: 2 }],
  "held-for-aged": [{ runIds: ["run_b"] }],
  "held-for-head": [{ runIds: ["run_a"], until: NOW }],
  "gang-incomplete": [{ needs: 4, available: 2 }],
  "waiting-for-memory": [{ needsBytes: 9e9, freeBytes: 8e9 }],
  "fair-share-behind": [{ share: 0.61, fair: 0.5 }],
  "waiting-for-device": [{ matching: 1, ahead: 0 }],
  preempting: [{ runIds: ["run_a", "run_b"], until: NOW }],
};
const planned = Object.entries(reasons).flatMap(([code, list]) =>
  list.map((facts) => ({ code, ...facts }) as PlannedReason),
);

it.each(planned)(
  "$code is what the contract allows, names no run of another team, and reads as a sentence",
  (each) => {
    const reason = toReason(each, namesFor("t", teamOf));
    expect(Value.Errors(WaitingReason, reason)).toEqual([]);
    expect(JSON.stringify(reason)).not.toContain("run_b");
    expect(explainWaiting(reason)).toMatch(/^[A-Z].*\.$|^run_/);
    expect(explainWaiting(reason)).not.toMatch(/undefined|NaN|null|run_b/);
  },
);
