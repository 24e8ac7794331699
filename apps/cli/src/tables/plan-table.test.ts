import { explainWaiting, newId, type Plan } from "@espalier/contract";
import { expect, test } from "vitest";
import { planLines } from "./plan-table.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
const run = {
  kind: "train" as const,
  memoryBytes: 2.5e9,
  devices: 1,
  fitting: 2,
  duration: { earliest: 120, likely: 180, latest: 300 },
  basis: "like-runs" as const,
  deviceHours: 0.05,
};
const between = (earliest: number, latest: number) => ({
  earliest: at(earliest),
  likely: at((earliest + latest) / 2),
  latest: at(latest),
});

test("a plan says of each run what it needs, when it would start and how long it would take, and what all cost", () => {
  const plan: Plan = {
    at: at(0),
    runs: [
      { ...run, kind: "search", role: "search", fitting: 1, expectedStart: between(0, 0.5) },
      {
        ...run,
        variant: "large",
        role: "train",
        basis: "usual-pace",
        expectedStart: between(3, 8),
        deviceHours: 0.001,
      },
    ],
    start: at(0),
    end: at(7.5),
    deviceHours: 0.051,
  };
  const lines = planLines(plan, 80);
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["WOULD RUN", "MEMORY", "FITS", "STARTS", "TAKES", "DEVICE HOURS"],
    ["search", "2.5 GB", "1 device", "soon", "2m 0s–5m 0s", "0.05"],
    ["large train", "2.5 GB", "2 devices", "in 3–8 min", "~3m 0s", "< 0.01"],
    ["2 runs, likely done in 7m 30s, 0.05 device hours; about, by steps, texts and"],
    ["model on a usual host, as no such run has ended here yet"],
  ]);
  const paced = planLines({ ...plan, runs: [{ ...run, basis: "pace" }] }, 200);
  expect(paced.slice(1).join(" ")).toMatch(
    / about 3m 0s .*; about, .* at the pace of runs that have ended here$/,
  );
});

test("what would hold a run back, what would help, and who would make room for it stand beneath it", () => {
  const reason = { code: "waiting-for-device", matching: 2, ahead: 1 } as const;
  const blocker = newId("run");
  const waiting = {
    reason,
    detail: explainWaiting(reason),
    unblockedBy: [{ by: "runs" as const, runIds: [blocker] }],
  };
  const lines = planLines(
    {
      at: at(0),
      runs: [{ ...run, fitting: 0, waiting, makesRoom: { runIds: [blocker], others: 2 } }],
      deviceHours: 0.05,
    },
    80,
  );
  expect(lines.slice(2)).toEqual([
    "    waiting-for-device: All 2 devices that serve are in use; 1 run before it.",
    `    → when ${blocker} ends`,
    `    makes room: ${blocker}, 2 runs of other teams would be`,
    "    asked to save and leave",
    "1 run, it would not end as the pool is now, 0.05 device hours",
  ]);
});
