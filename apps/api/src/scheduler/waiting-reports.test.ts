import { Value } from "typebox/value";
import { explainWaiting, WaitingReason } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import type { Waiting, WaitingReason as PlannedReason } from "@espalier/scheduler";
import { NOW } from "../../../../packages/scheduler/src/testing/build.ts";
import { namesFor, WaitingReports, toReason } from "./waiting-reports.ts";

const teamOf = new Map([
  ["run_a", "t"],
  ["run_b", "other"],
  ["run_w", "t"],
]);
const waiting = (given: Partial<Waiting> = {}): Waiting => ({
  runId: "run_w",
  position: 3,
  reason: { code: "waiting-for-device", matching: 2, ahead: 2 },
  unblockedBy: [{ by: "runs", runIds: ["run_a", "run_b"] }],
  expectedStart: { earliest: NOW, likely: NOW + 60_000, latest: NOW + 120_000 },
  ...given,
});

describe("the reports", () => {
  it("tells a run once, names its own team's runs and counts the others", () => {
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

  it("tells another reason at once, and another place after a while", () => {
    const reports = new WaitingReports();
    reports.changed([waiting()], teamOf, NOW);
    const moved = waiting({ position: 2, reason: { code: "waiting-for-device", matching: 2, ahead: 1 } });
    expect(reports.changed([moved], teamOf, NOW + 500)).toEqual([]);
    expect(reports.changed([moved], teamOf, NOW + 1_000)).toMatchObject([{ position: 2 }]);
    const held = waiting({ position: 2, reason: { code: "held-for-head", runId: "run_b", until: NOW } });
    expect(reports.changed([held], teamOf, NOW + 1_001)).toMatchObject([
      { reason: { code: "held-for-head", runIds: [], others: 1 } },
    ]);
  });

  it("of a long queue tells places the less often, and after what was told was lost everything", () => {
    const queue = (shift: number) =>
      Array.from({ length: 10_000 }, (_, i) => waiting({ runId: `run_${i}`, position: i + 1 + shift }));
    const reports = new WaitingReports();
    expect(reports.changed(queue(1), teamOf, NOW)).toHaveLength(10_000);
    expect(reports.changed(queue(0), teamOf, NOW + 29_000)).toEqual([]);
    expect(reports.changed(queue(0), teamOf, NOW + 30_000)).toHaveLength(10_000);
    reports.forget();
    expect(reports.changed(queue(0), teamOf, NOW + 30_001)).toHaveLength(10_000);
  });

  it("leaves runs that start to their state, and starts that never come untold", () => {
    const reason: PlannedReason = { code: "starting", workerId: "wrk_1" };
    expect(new WaitingReports().changed([waiting({ reason })], teamOf, NOW)).toEqual([]);
    const never = { earliest: Infinity, likely: Infinity, latest: Infinity };
    expect(new WaitingReports().changed([waiting({ expectedStart: never })], teamOf, NOW)).toMatchObject([
      { expectedStart: null },
    ]);
  });
});

const reasons: PlannedReason[] = [
  { code: "starting", workerId: "wrk_1" },
  { code: "not-yet-due", at: NOW },
  { code: "no-device-fits", needsBytes: 9e9, largestBytes: 8e9, needsDevices: 1, mostDevices: 4 },
  { code: "no-device-fits", needsBytes: null, largestBytes: 8e9, needsDevices: 9, mostDevices: 4 },
  { code: "worker-missing", kinds: ["cuda"], labels: ["zone=a"] },
  { code: "worker-missing", kinds: [], labels: [] },
  { code: "device-cordoned", deviceIds: ["dev_1"] },
  { code: "team-quota", quota: "devices", limit: 4, used: 3.5, needs: 1 },
  { code: "team-quota", quota: "queued-runs", limit: 4, used: 4, needs: 1 },
  { code: "user-quota", quota: "device-hours", limit: 40, used: 39, needs: 2 },
  { code: "held-for-aged", runId: "run_b" },
  { code: "held-for-head", runId: "run_a", until: NOW },
  { code: "gang-incomplete", needs: 4, available: 2 },
  { code: "waiting-for-memory", needsBytes: 9e9, freeBytes: 8e9 },
  { code: "fair-share-behind", teamId: "t", share: 0.61, fair: 0.5 },
  { code: "waiting-for-device", matching: 1, ahead: 0 },
  { code: "preempting", runIds: ["run_a", "run_b"], until: NOW },
];

it.each(reasons)(
  "$code is told as the contract has it, names no strange run, and is a sentence",
  (planned) => {
    const reason = toReason(planned, namesFor("t", teamOf));
    expect(Value.Errors(WaitingReason, reason)).toEqual([]);
    expect(JSON.stringify(reason)).not.toContain("run_b");
    expect(explainWaiting(reason)).toMatch(/^[A-Z].*\.$|^run_/);
    expect(explainWaiting(reason)).not.toMatch(/undefined|NaN|null|run_b/);
  },
);
