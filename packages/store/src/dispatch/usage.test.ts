import { usageHalfLifeMs } from "@espalier/contract";
import type { RunningRun } from "@espalier/scheduler";
import { expect, test } from "vitest";
import { HOUR, NOW, running } from "../../../scheduler/src/testing/build.ts";
import { spentHours, usageNow } from "./usage.ts";

const urgent = running("r1", { on: ["d1", "d2"], class: "urgent" });
const starting: RunningRun = { ...urgent, id: "r2", state: "starting" };
const row = {
  usedSeconds: 1000,
  usedAt: NOW - usageHalfLifeMs,
  spentHours: 3,
  periodFrom: NOW - HOUR / 2,
};

test("usage is what is left of the past, and what running runs have had at the rate of their class", () => {
  const usage = usageNow(row, [urgent], NOW);
  // Half of 1,000; two devices for an hour count double, and have decayed by less than 1 %.
  expect(usage).toBeGreaterThan(500 + 4 * 3600 * 0.99);
  expect(usage).toBeLessThan(500 + 4 * 3600);
  expect(usageNow(row, [starting], NOW)).toBe(500);
});

test("of a running run, the hours of a period count only what lies in it", () => {
  expect(spentHours(row, [urgent, starting], NOW)).toBe(4);
});
