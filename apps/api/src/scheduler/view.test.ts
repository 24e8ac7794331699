import type { DispatchRunning, DispatchSnapshot } from "@espalier/store";
import { describe, expect, it } from "vitest";
import { defaultPolicy } from "@espalier/scheduler";
import { HOUR, NOW } from "../../../../packages/scheduler/src/testing/build.ts";
import { spentHours, usageNow, viewOf } from "./view.ts";

const running = (given: Partial<DispatchRunning> = {}): DispatchRunning => ({
  id: "run_1",
  teamId: "t",
  userId: "u",
  class: "urgent",
  kind: "train",
  modelId: null,
  shares: false,
  state: "RUNNING",
  startedAt: NOW - HOUR,
  stopsBy: null,
  secondsSinceCheckpoint: 5,
  borrowing: false,
  aged: false,
  devices: [
    { deviceId: "d1", reservedBytes: null, units: 1 },
    { deviceId: "d2", reservedBytes: null, units: 1 },
  ],
  ...given,
});
const account = {
  id: "t",
  weight: 2,
  devices: 1,
  borrowing: null,
  queuedRuns: null,
  hours: 10,
  usedSeconds: 1000,
  usedAt: NOW - defaultPolicy.halfLifeMs,
  spentHours: 3,
  periodFrom: NOW - HOUR / 2,
  periodTo: NOW + HOUR,
};
const given = (more: Partial<DispatchSnapshot>): DispatchSnapshot => ({
  now: NOW,
  number: "0",
  devices: [],
  queued: [],
  running: [],
  teams: [],
  users: [],
  history: [],
  reservations: [],
  ...more,
});

describe("usage", () => {
  it("is what has decayed of the past, and what running runs have had at the rate of their class", () => {
    const { deviceSeconds, at } = usageNow(account, [running()], NOW, defaultPolicy);
    // Half of 1,000; two devices for an hour count double, and have decayed by less than 1 %.
    expect(deviceSeconds).toBeGreaterThan(500 + 4 * 3600 * 0.99);
    expect(deviceSeconds).toBeLessThan(500 + 4 * 3600);
    expect(at).toBe(NOW);
    expect(usageNow(account, [running({ state: "DISPATCHED" })], NOW, defaultPolicy).deviceSeconds).toBe(500);
  });

  it("of the hours of a period counts only what lies in it", () => {
    expect(spentHours(account, [running(), running({ state: "DISPATCHED" })], NOW)).toBe(4);
  });
});

describe("the view", () => {
  it("gives runs without a user to their team, and devices that do not know their memory a small one", () => {
    const view = viewOf(
      given({
        devices: [
          {
            id: "d",
            workerId: "w",
            kind: "webgpu",
            labels: { zone: "a" },
            memoryBytes: 0,
            freeBytes: null,
            state: "schedulable",
          },
        ],
        queued: [
          {
            id: "run_2",
            teamId: "t",
            userId: null,
            class: "normal",
            kind: "search",
            modelId: "mdl_1",
            shares: false,
            priority: 1,
            queuedAt: NOW,
            notBefore: NOW + 5,
            needs: { devices: 2, memoryBytes: 7 },
            predictedBytes: 9,
          },
        ],
        running: [running({ stopsBy: NOW + 1 }), running({ id: "run_3", state: "DISPATCHED" })],
        teams: [account],
      }),
    );
    expect(view.devices).toMatchObject([{ labels: ["zone=a"], memoryBytes: 8e9 }]);
    expect(view.queued).toMatchObject([
      {
        userId: "t",
        notBefore: NOW + 5,
        needs: { devices: 2, kinds: [], labels: [], memoryBytes: 7, shares: false },
        historyKeys: ["search/mdl_1", "search"],
      },
    ]);
    expect(view.running.map(({ state }) => state)).toEqual(["stopping", "starting"]);
    expect(view.teams[0]?.quota).toMatchObject({
      devices: 1,
      deviceHours: { limit: 10, used: 4, endsAt: NOW + HOUR },
    });
  });
});
