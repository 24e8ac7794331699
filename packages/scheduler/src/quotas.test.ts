import { describe } from "vitest";
import {
  device,
  exactly,
  GB,
  HOUR,
  MINUTE,
  NOW,
  queued,
  quota,
  running,
  team,
  user,
  worker,
} from "./testing/build.ts";
import { table } from "./testing/table.ts";

describe("quotas", () => {
  const devices = worker("a", 4);
  table([
    {
      title: "are firm without borrowing",
      given: {
        devices,
        teams: [team("t", { quota: quota({ devices: 2, borrowing: 0 }) })],
        running: [running("r0", { on: ["a0"] })],
        queued: [queued("r1"), queued("r2")],
      },
      starts: { r1: ["a1"] },
      waits: {
        r2: {
          reason: { code: "team-quota", quota: "devices", limit: 2, used: 2, needs: 1 },
          unblockedBy: [{ by: "runs", runIds: ["r0", "r1"] }, { by: "quota" }],
          expectedStart: { earliest: NOW + HOUR, likely: NOW + HOUR, latest: NOW + HOUR },
        },
      },
    },
    {
      title: "a run larger than the quota says that it can never start",
      given: {
        devices,
        teams: [team("t", { quota: quota({ devices: 2, borrowing: 1 }) })],
        queued: [queued("r", { needs: { devices: 4 } })],
      },
      waits: {
        r: {
          reason: { code: "team-quota", quota: "devices", limit: 3, used: 0, needs: 4 },
          unblockedBy: [{ by: "quota" }],
          expectedStart: null,
        },
      },
    },
    {
      title: "let a team borrow what nobody entitled wants, and only that",
      given: {
        devices,
        teams: [
          team("x", { quota: quota({ devices: 1 }) }),
          team("y", { quota: quota({ devices: 2 }), used: 1e6 }),
        ],
        queued: [
          queued("x1", { teamId: "x" }),
          queued("x2", { teamId: "x" }),
          queued("x3", { teamId: "x" }),
          queued("y1", { teamId: "y" }),
          queued("y2", { teamId: "y" }),
        ],
      },
      starts: { x1: ["a0"], y1: ["a1"], y2: ["a2"], x2: ["a3"] },
      waits: { x3: { position: 1 } },
    },
    {
      title: "an urgent run beyond its quota comes after a normal one within",
      given: {
        devices: worker("a", 1),
        teams: [team("x", { quota: quota({ devices: 0 }) }), team("y", { quota: quota({ devices: 1 }) })],
        queued: [queued("x1", { teamId: "x", class: "urgent" }), queued("y1", { teamId: "y" })],
      },
      starts: { y1: ["a0"] },
    },
    {
      title: "of users are firm",
      given: {
        devices,
        users: [user("t.u", "t", { quota: { devices: 1, deviceHours: null } })],
        queued: [queued("r1"), queued("r2"), queued("v", { userId: "v" })],
      },
      starts: { r1: ["a0"], v: ["a1"] },
      waits: { r2: { reason: { code: "user-quota", quota: "devices", limit: 1, used: 1, needs: 1 } } },
    },
    {
      title: "of hours count what is running, and open with the next period",
      given: {
        devices,
        teams: [
          team("t", {
            quota: quota({ deviceHours: { limit: 10, used: 7, endsAt: NOW + 5 * HOUR } }),
          }),
        ],
        running: [running("r0", { on: ["a0"] })],
        queued: [queued("r1", { queuedAt: NOW - 2 * MINUTE }), queued("r2"), queued("r3")],
      },
      starts: { r1: ["a1"], r2: ["a2"] },
      waits: {
        r3: {
          reason: { code: "team-quota", quota: "device-hours", limit: 10, used: 10, needs: 1 },
          unblockedBy: [{ by: "time", at: NOW + 5 * HOUR }, { by: "quota" }],
          expectedStart: exactly(NOW + 5 * HOUR),
        },
      },
    },
    {
      title: "of queued runs let the oldest take part",
      given: {
        devices: worker("a", 2),
        teams: [team("t", { quota: quota({ queuedRuns: 1 }) })],
        queued: [queued("late", { priority: 9 }), queued("early", { queuedAt: NOW - HOUR })],
      },
      starts: { early: ["a0"] },
      waits: {
        late: {
          position: null,
          reason: { code: "team-quota", quota: "queued-runs", limit: 1, used: 1, needs: 1 },
        },
      },
    },
    {
      title: "count a shared device by the memory taken, and another as one",
      given: {
        devices: [device("a0"), device("b0", { kind: "cpu" })],
        teams: [team("t", { quota: quota({ devices: 1, borrowing: 0 }) })],
        queued: [
          queued("r1", { needs: { kinds: ["cuda"], memoryBytes: 40 * GB, shares: true } }),
          queued("r2", { needs: { kinds: ["cuda"], memoryBytes: 40 * GB, shares: true } }),
          queued("r3", { needs: { kinds: ["cpu"] } }),
        ],
      },
      policy: { memoryMargin: 0 },
      starts: { r1: ["a0"], r2: ["a0"] },
      waits: { r3: { reason: { code: "team-quota", quota: "devices", limit: 1, used: 1, needs: 1 } } },
    },
    {
      title: "below what is running stop nobody",
      given: {
        devices,
        teams: [team("t", { quota: quota({ devices: 1, borrowing: 0 }) })],
        running: [running("r0", { on: ["a0", "a1"] })],
        queued: [queued("r1")],
      },
      waits: { r1: "team-quota" },
    },
  ]);
});
