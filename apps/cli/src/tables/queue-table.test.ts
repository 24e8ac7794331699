import { explainWaiting, newId, type QueueEntry } from "@espalier/contract";
import { expect, test } from "vitest";
import { queueLines, startsIn } from "./queue-table.ts";

const now = Date.parse("2026-11-25T12:00:00Z");
const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
const between = (earliest: number, latest: number) => ({
  earliest: at(earliest),
  likely: at((earliest + latest) / 2),
  latest: at(latest),
});

test.each([
  [between(3.2, 7.5), "in 3–8 min"],
  [between(-5, 0.5), "soon"],
  [between(100, 1800), "in 1–30 h"],
  [between(5000, 9000), "in 3–7 days"],
  [between(60, 60), "in 60 min"],
  [undefined, "–"],
])("an expected start is a range that people say", (expected, words) => {
  expect(startsIn(expected, now)).toBe(words);
});

test("own runs say whose they are, why they wait, for whom, and what would help; others only that they are there", () => {
  const reason = { code: "waiting-for-device", matching: 2, ahead: 1 } as const;
  const [run, blocker] = [newId("run"), newId("run")];
  const entries: QueueEntry[] = [
    { position: 1, class: "urgent", own: false, queuedAt: at(-3) },
    {
      position: 2,
      class: "normal",
      own: true,
      runId: run,
      kind: "train",
      variant: "large",
      model: "smollm2",
      user: "ann",
      experiment: "first",
      queuedAt: at(-2),
      waiting: {
        reason,
        detail: explainWaiting(reason),
        unblockedBy: [{ by: "runs", runIds: [blocker] }],
        position: 2,
        expectedStart: between(3, 8),
      },
      blockers: [
        {
          runId: blocker,
          kind: "train",
          state: "RUNNING",
          progress: { phase: "train", done: 162, total: 2552, unit: "steps" },
        },
      ],
    },
  ];
  const [, other = "", own = "", ...beneath] = queueLines(entries, now, 80);
  expect(other.split(/ {2,}/)).toEqual(["1", "another team's", "–", "urgent", "3m 0s", "–"]);
  expect(own.split(/ {2,}/)).toEqual(["2", run, "train large", "normal", "2m 0s", "in 3–8 min"]);
  expect(beneath).toEqual([
    "    smollm2 by ann for first",
    "    waiting-for-device: All 2 devices that serve are in use; 1 run before it.",
    `    → when ${blocker} ends`,
    `      ${blocker} is train, in train at 162 of 2,552 steps`,
  ]);
  expect(Math.max(...[own, ...beneath].map((line) => line.length))).toBeLessThanOrEqual(80);
});
