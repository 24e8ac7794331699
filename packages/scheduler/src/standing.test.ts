import { expect, it } from "vitest";
import { defaultPolicy } from "./policy.ts";
import { plan } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import { Standing } from "./standing.ts";
import {
  GB,
  history,
  HOUR,
  MINUTE,
  NOW,
  queued,
  quota,
  running,
  snapshot,
  team,
  user,
  worker,
} from "./testing/build.ts";

const hours = { limit: 40, used: 2, endsAt: NOW + 5_000 };
const base = (given: Partial<Snapshot> = {}): Snapshot => ({
  ...snapshot({
    devices: worker("w", 2, { freeBytes: 40 * GB }),
    running: [running("r0", { on: ["w0"] }), running("r1", { on: ["w1"] })],
    queued: [queued("q")],
    teams: [team("t", { used: 5, quota: quota({ devices: 2 }) })],
    users: [user("t.u", "t", { used: 5 })],
    history: [history("train")],
    ...given,
  }),
});

/** Whether what was planned from `before` holds for a later snapshot that differs in this. */
function holds(change: Partial<Snapshot>, before: Snapshot = base()): boolean {
  const { reservations, starts } = plan(before);
  expect(starts).toEqual([]);
  return new Standing({ snapshot: before, reservations }).holdsFor({ ...before, reservations, ...change });
}

const { devices, running: held, teams, users, history: known } = base();

it("a plan holds while nothing changes but what time alone changes", () => {
  expect(holds({})).toBe(true);
  expect(
    holds({
      now: NOW + 9_000,
      running: [...held].reverse().map((run) => ({ ...run, secondsSinceCheckpoint: 69 })),
      devices: [...devices].reverse().map((each) => ({ ...each, freeBytes: 40.1 * GB })),
      teams: teams.map((each) => ({ ...each, usage: 9 })),
      users: users.map((each) => ({ ...each, usage: 9 })),
    }),
  ).toBe(true);
});

it.each<[string, Partial<Snapshot>]>([
  ["the queue is another list", { queued: [queued("q")] }],
  ["ten seconds are over", { now: NOW + 10_000 }],
  ["a run has left", { running: held.slice(1) }],
  [
    "a run computes that was starting",
    { running: held.map((run) => ({ ...run, state: "starting" as const })) },
  ],
  ["a run is asked to leave", { running: held.map((run) => ({ ...run, stopsBy: NOW + MINUTE })) }],
  ["a run takes other devices", { running: [running("r0", { on: ["w1"] }), running("r1", { on: ["w0"] })] }],
  ["a device is held", { devices: devices.map((each) => ({ ...each, state: "draining" as const })) }],
  ["a device has more free memory", { devices: devices.map((each) => ({ ...each, freeBytes: 60 * GB })) }],
  ["memory is not measured any more", { devices: devices.map((each) => ({ ...each, freeBytes: null })) }],
  ["a worker is new", { devices: [...devices, ...worker("v", 1)] }],
  ["a team has another weight", { teams: [{ ...teams[0]!, weight: 2 }] }],
  ["a team has another quota", { teams: [{ ...teams[0]!, quota: quota({ devices: 3 }) }] }],
  ["a user has a quota", { users: [{ ...users[0]!, quota: { devices: 1, deviceHours: null } }] }],
  ["runs of a kind take longer", { history: known.map((each) => ({ ...each, samples: each.samples + 1 })) }],
  ["other devices are kept", { reservations: [{ runId: "q", deviceIds: ["w1"], at: NOW, promised: true }] }],
])("a plan does not hold when %s", (_, change) => {
  expect(holds(change)).toBe(false);
});

it.each<[string, Partial<Snapshot>]>([
  ["a run may start again after its failure", { queued: [queued("q", { notBefore: NOW + 5_000 })] }],
  [
    "a place is not avoided any more",
    { queued: [queued("q", { avoids: { places: ["w"], until: NOW + 5_000 } })] },
  ],
  [
    "a run becomes aged",
    { queued: [queued("q", { queuedAt: NOW + 5_000 - defaultPolicy.patienceMs.normal })] },
  ],
  [
    "a run must have left",
    {
      running: [
        running("r0", { on: ["w0"], state: "stopping", stopsBy: NOW + 5_000 }),
        running("r1", { on: ["w1"] }),
      ],
    },
  ],
  [
    "a run may be preempted",
    { running: held.map((run) => ({ ...run, startedAt: NOW + 5_000 - defaultPolicy.minRunMs })) },
  ],
  ["a quota of hours begins anew", { teams: [team("t", { quota: quota({ deviceHours: hours }) })] }],
])("a plan holds until %s, and not longer", (_, given) => {
  const before = base({ ...given });
  expect(holds({ now: NOW + 4_999 }, before)).toBe(true);
  expect(holds({ now: NOW + 5_000 }, before)).toBe(false);
});

it("hours that are used up meanwhile change nothing, as a plan that stands starts nothing", () => {
  const of = (used: number) => [
    team("t", { quota: quota({ deviceHours: { limit: 40, used, endsAt: NOW + HOUR } }) }),
  ];
  expect(holds({ teams: of(3) }, base({ teams: of(2) }))).toBe(true);
});
