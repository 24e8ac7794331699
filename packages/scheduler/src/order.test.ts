import { describe } from "vitest";
import { exactly, HOUR, NOW, queued, running, team, user, worker } from "./testing/build.ts";
import { table } from "./testing/table.ts";

describe("the order", () => {
  table([
    {
      title: "starts nothing without devices, and nothing without runs",
      given: { queued: [queued("r")] },
      waits: { r: "worker-missing" },
    },
    {
      title: "puts classes before everything else",
      given: {
        devices: worker("a", 2),
        queued: [
          queued("idle", { class: "idle", priority: 9, queuedAt: NOW - 2 * HOUR }),
          queued("normal", { priority: 5 }),
          queued("urgent", { class: "urgent" }),
        ],
      },
      starts: { urgent: ["a0"], normal: ["a1"] },
      waits: { idle: { position: 1 } },
    },
    {
      title: "puts the team first that had less for its weight",
      given: {
        devices: worker("a", 1),
        teams: [team("x", { used: 100, weight: 1 }), team("y", { used: 150, weight: 2 })],
        queued: [queued("x1", { teamId: "x" }), queued("y1", { teamId: "y" })],
      },
      starts: { y1: ["a0"] },
      waits: { x1: { reason: { code: "fair-share-behind", share: 100 / 250, fair: 1 / 3 } } },
    },
    {
      title: "does not call a team behind that has had its share and hardly more",
      given: {
        devices: worker("a", 1),
        teams: [team("x", { used: 101 }), team("y", { used: 100 })],
        queued: [queued("x1", { teamId: "x" }), queued("y1", { teamId: "y" })],
      },
      starts: { y1: ["a0"] },
      waits: { x1: "waiting-for-device" },
    },
    {
      title: "gives teams turns in proportion to their weights",
      given: {
        devices: worker("a", 6),
        teams: [team("x", { weight: 2 }), team("y")],
        queued: [1, 2, 3, 4, 5, 6].flatMap((n) => [
          queued(`x${n}`, { teamId: "x" }),
          queued(`y${n}`, { teamId: "y" }),
        ]),
      },
      starts: { x1: ["a0"], y1: ["a1"], x2: ["a2"], x3: ["a3"], y2: ["a4"], x4: ["a5"] },
    },
    {
      title: "counts what running runs will still use",
      given: {
        devices: worker("a", 3),
        running: [running("x0", { teamId: "x", on: ["a0"], remaining: exactly(3 * HOUR) })],
        queued: [queued("x1", { teamId: "x" }), queued("y1", { teamId: "y" }), queued("y2", { teamId: "y" })],
      },
      starts: { y1: ["a1"], y2: ["a2"] },
    },
    {
      title: "counts an urgent device second twice",
      given: {
        devices: worker("a", 4),
        queued: [
          queued("x1", { teamId: "x", class: "urgent" }),
          queued("x2", { teamId: "x" }),
          queued("y1", { teamId: "y" }),
          queued("y2", { teamId: "y" }),
          queued("y3", { teamId: "y" }),
        ],
      },
      starts: { x1: ["a0"], y1: ["a1"], y2: ["a2"], x2: ["a3"] },
    },
    {
      title: "counts a run that waits for devices as if it had its turn",
      given: {
        devices: worker("a", 2),
        running: [running("r0", { teamId: "z", on: ["a0"] })],
        queued: [
          queued("x1", { teamId: "x", priority: 1, needs: { devices: 2 } }),
          queued("x2", { teamId: "x", duration: exactly(HOUR / 2) }),
          queued("y1", { teamId: "y", duration: exactly(HOUR / 2) }),
        ],
      },
      starts: { y1: ["a1"] },
    },
    {
      title: "shares a team's turns between its users",
      given: {
        devices: worker("a", 3),
        users: [user("u", "t"), user("v", "t", { used: 60 * 60 * 1.5 })],
        queued: [
          queued("u1", { userId: "u" }),
          queued("u2", { userId: "u" }),
          queued("u3", { userId: "u" }),
          queued("v1", { userId: "v" }),
        ],
      },
      starts: { u1: ["a0"], u2: ["a1"], v1: ["a2"] },
    },
    {
      title: "takes a user's runs by priority, then age, then id",
      given: {
        devices: worker("a", 3),
        queued: [
          queued("c"),
          queued("b"),
          queued("old", { queuedAt: NOW - HOUR }),
          queued("high", { priority: 1 }),
        ],
      },
      starts: { high: ["a0"], old: ["a1"], b: ["a2"] },
      waits: { c: { position: 1 } },
    },
  ]);
});
