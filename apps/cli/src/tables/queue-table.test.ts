import { explainWaiting, type QueueEntry } from "@espalier/contract";
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

test("own runs say why they wait, others only that they are there", () => {
  const reason = { code: "waiting-for-device", matching: 2, ahead: 1 } as const;
  const entries: QueueEntry[] = [
    { position: 1, class: "urgent", own: false, queuedAt: at(-3) },
    {
      position: 2,
      class: "normal",
      own: true,
      runId: "run_1",
      kind: "train",
      variant: "large",
      queuedAt: at(-2),
      waiting: {
        reason,
        detail: explainWaiting(reason),
        unblockedBy: [],
        position: 2,
        expectedStart: between(3, 8),
      },
    },
  ];
  const [, other, own] = queueLines(entries, now).map((line) => line.split(/ {2,}/));
  expect(other).toEqual(["1", "another team's", "–", "urgent", "3m 0s", "–", "–"]);
  expect(own).toEqual([
    "2",
    "run_1",
    "train large",
    "normal",
    "2m 0s",
    "in 3–8 min",
    "waiting-for-device: All 2 devices that serve are in use; 1 run before it.",
  ]);
});
