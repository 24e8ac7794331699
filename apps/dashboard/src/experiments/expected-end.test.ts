import type { Plan, Run } from "@espalier/contract";
import { describe, expect, it } from "vitest";
import { doneOf, expectedEnd } from "./expected-end.ts";

const now = Date.parse("2026-01-01T12:00:00Z");
const at = (minutes: number): string => new Date(now + 60_000 * minutes).toISOString();
const run = (id: string, more: Partial<Run>): Run =>
  ({ id, kind: "train", state: "WAITING", dependsOn: [], variant: "50%", ...more }) as unknown as Run;
const plan = {
  runs: [
    { kind: "train", role: "train", variant: "50%", duration: { earliest: 60, likely: 300, latest: 600 } },
    { kind: "evaluate", role: "after", variant: "50%", duration: { earliest: 60, likely: 120, latest: 600 } },
  ],
} as unknown as Plan;

const pruned = run("a", { kind: "prune", role: "prune", state: "RUNNING", expectedEnd: at(2) });
const trained = run("b", { role: "train", dependsOn: ["a"] });
const measured = run("c", { kind: "evaluate", role: "after", dependsOn: ["b"] });

describe("the end of an experiment", () => {
  it("comes after the longest chain of its runs", () =>
    expect(expectedEnd([pruned, trained, measured], plan, now)).toBe(now + 60_000 * (2 + 5 + 2)));

  it("waits for the devices that a queued run is told to get", () => {
    const queued = run("b", {
      role: "train",
      state: "QUEUED",
      waiting: { expectedStart: { earliest: at(10), likely: at(30), latest: at(60) } } as never,
    });
    expect(expectedEnd([queued, measured], plan, now)).toBe(now + 60_000 * (30 + 5 + 2));
  });

  it("is unknown where all has ended", () =>
    expect(expectedEnd([run("a", { state: "SUCCEEDED", endedAt: at(-1) })], plan, now)).toBeUndefined());

  it("counts what has come half of its way as half a run", () =>
    expect(doneOf([run("a", { endedAt: at(-1) }), pruned], () => 0.5)).toBe(1.5));
});
