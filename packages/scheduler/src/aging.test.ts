import { describe, expect, test } from "vitest";
import type { Decisions } from "./decisions.ts";
import type { Snapshot } from "./snapshot.ts";
import { exactly, GB, HOUR, MINUTE, NOW, queued, quota, running, team, worker } from "./testing/build.ts";
import { decide } from "./testing/table.ts";

const started = (decisions: Decisions): string[] => decisions.starts.map(({ runId }) => runId);
const day = 24 * HOUR;
const old = queued("old", { class: "idle", queuedAt: NOW - 8 * day });

describe("an aged run", () => {
  test("comes before everybody", () => {
    const decisions = decide({
      devices: worker("a", 1),
      queued: [queued("u", { class: "urgent" }), old],
    });
    expect(decisions.starts).toMatchObject([{ runId: "old", aged: true }]);
  });

  test("is the one that is overdue longest, not the oldest", () => {
    const { starts, waiting } = decide({
      devices: worker("a", 1),
      queued: [
        old,
        queued("n", { queuedAt: NOW - 3 * day }),
        queued("late", { class: "idle", queuedAt: NOW - 6 * day }),
      ],
    });
    expect(starts).toMatchObject([{ runId: "n", aged: true }]);
    expect(waiting.map(({ runId }) => runId)).toEqual(["n", "old", "late"]);
  });

  test("keeps devices to itself, and stays with them", () => {
    const given: Partial<Snapshot> = {
      devices: [...worker("a", 2), ...worker("b", 2)],
      running: [
        running("r0", { on: ["a0"] }),
        running("r1", { on: ["b0"], remaining: exactly(MINUTE) }),
        running("r2", { on: ["b1"], remaining: exactly(MINUTE) }),
      ],
      queued: [
        { ...old, needs: { ...old.needs, devices: 2 } },
        queued("short", { class: "urgent", duration: exactly(1) }),
      ],
      reservations: [{ runId: "old", deviceIds: ["a0", "a1"], at: NOW + MINUTE, promised: false }],
    };
    const decisions = decide(given);
    expect(started(decisions)).toEqual([]);
    expect(decisions.reservations[0]).toEqual({
      runId: "old",
      deviceIds: ["a1", "a0"],
      at: NOW + HOUR,
      promised: false,
    });
  });

  test("keeps its devices even from runs that are short enough for those of others", () => {
    const { starts } = decide({
      devices: [...worker("a", 2), ...worker("b", 2, { memoryBytes: 24 * GB })],
      running: [running("r0", { on: ["a0"] }), running("r1", { on: ["b0"] })],
      queued: [
        { ...old, needs: { ...old.needs, devices: 2 } },
        queued("head", { priority: 1, needs: { devices: 2 } }),
        queued("large", { duration: exactly(MINUTE), needs: { memoryBytes: 60 * GB } }),
      ],
    });
    expect(starts).toEqual([]);
  });

  test("is alone, or within the share of the pool that aged runs may hold", () => {
    const busy = running("r", { on: ["a0"], aged: true });
    const queue = [old, queued("n", { priority: 1 })];
    const first = (devices: number): string | undefined =>
      started(decide({ devices: worker("a", devices), running: [busy], queued: queue }))[0];
    expect(first(19)).toBe("n");
    expect(first(20)).toBe("old");
  });

  test("is not one that could never start, nor one that must wait for its hours", () => {
    const decisions = decide({
      devices: worker("a", 1),
      teams: [
        team("broke", { quota: quota({ deviceHours: { limit: 1, used: 1, endsAt: NOW + HOUR } }) }),
        team("none", { quota: quota({ devices: 0, borrowing: 0 }) }),
      ],
      queued: [
        queued("wide", { queuedAt: NOW - 9 * day, needs: { devices: 2 } }),
        queued("poor", { queuedAt: NOW - 9 * day, teamId: "broke" }),
        queued("barred", { queuedAt: NOW - 9 * day, teamId: "none" }),
        queued("n", { queuedAt: NOW - 2 * day }),
        queued("u", { class: "urgent" }),
      ],
    });
    expect(started(decisions)).toEqual(["n"]);
  });

  test("that lacks quota is not overtaken by its team", () => {
    const { starts, waiting } = decide({
      devices: worker("a", 4),
      teams: [team("t", { quota: quota({ devices: 3, borrowing: 0 }) })],
      running: [running("r", { on: ["a0"] })],
      queued: [
        { ...old, needs: { ...old.needs, devices: 3 } },
        queued("u", { class: "urgent" }),
        queued("x", { teamId: "x" }),
      ],
    });
    expect(starts.map(({ runId }) => runId)).toEqual(["x"]);
    expect(waiting.find(({ runId }) => runId === "u")?.reason).toEqual({
      code: "held-for-aged",
      runIds: ["old"],
    });
  });
});
