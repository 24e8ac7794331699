import { describe, expect, test } from "vitest";
import type { Policy } from "./policy.ts";
import type { RunningRun, Snapshot } from "./snapshot.ts";
import {
  exactly,
  GB,
  HOUR,
  keyOfDuration,
  MINUTE,
  NOW,
  queued,
  quota,
  running,
  team,
  worker,
} from "./testing/build.ts";
import { decide } from "./testing/table.ts";

const victims = (given: Partial<Snapshot>, policy?: Partial<Policy>): string[] =>
  decide(given, policy).preemptions.map(({ runId }) => runId);
const urgent = (id: string, devices = 1): ReturnType<typeof queued> =>
  queued(id, { class: "urgent", needs: { devices } });

describe("a higher class", () => {
  test("takes the devices of the run that loses least, which gets time to save", () => {
    const { preemptions, reservations, waiting } = decide({
      devices: worker("a", 2),
      running: [
        running("dear", { on: ["a0"], secondsSinceCheckpoint: 300 }),
        running("cheap", { on: ["a1"], secondsSinceCheckpoint: 299 }),
      ],
      queued: [urgent("u")],
    });
    expect(preemptions).toEqual([
      { runId: "cheap", reason: "higher-class", forRunId: "u", graceMs: 2 * MINUTE, atRisk: 299 },
    ]);
    expect(reservations).toEqual([{ runId: "u", deviceIds: ["a1"], at: NOW + 2 * MINUTE, promised: true }]);
    expect(waiting).toEqual([
      {
        runId: "u",
        position: 1,
        reason: { code: "preempting", runIds: ["cheap"], until: NOW + 2 * MINUTE },
        unblockedBy: [{ by: "runs", runIds: ["cheap"] }],
        expectedStart: exactly(NOW + 2 * MINUTE),
      },
    ]);
  });

  test("counts what is lost on every device", () => {
    expect(
      victims({
        devices: [...worker("a", 2), ...worker("b", 1)],
        running: [
          running("two", { on: ["a0", "a1"], secondsSinceCheckpoint: 60 }),
          running("one", { on: ["b0"], secondsSinceCheckpoint: 100 }),
        ],
        queued: [urgent("u")],
      }),
    ).toEqual(["one"]);
  });

  test("takes one run with two devices rather than two dearer ones, and leaves alone whom it does not need", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 4),
      running: [
        running("two", { on: ["a0", "a1"], secondsSinceCheckpoint: 50 }),
        running("x", { on: ["a2"], secondsSinceCheckpoint: 60 }),
        running("y", { on: ["a3"], secondsSinceCheckpoint: 60 }),
      ],
    };
    expect(victims({ ...given, queued: [urgent("u", 2)] })).toEqual(["two"]);
    expect(victims({ ...given, queued: [urgent("u", 3)] })).toEqual(["two", "x"]);
  });

  test("makes room on a shared card by the fewest bytes' worth of loss", () => {
    const small = (id: string, bytes: number, lost: number): Snapshot["running"][number] =>
      running(id, { on: ["a0"], bytes, secondsSinceCheckpoint: lost });
    expect(
      victims({
        devices: worker("a", 1),
        running: [small("x", 30 * GB, 10), small("y", 20 * GB, 500), small("z", 20 * GB, 600)],
        queued: [queued("u", { class: "urgent", needs: { memoryBytes: 30 * GB, shares: true } })],
      }),
    ).toEqual(["x"]);
  });

  test.each([
    ["its own class", { class: "urgent" as const }],
    ["a run that has only begun", { startedAt: NOW - MINUTE }],
    ["a run that has waited too long itself", { aged: true }],
    ["a run that is not at work yet", { state: "starting" as const }],
    ["a run that ends soon anyway", { remaining: exactly(6 * MINUTE) }],
  ])("does not interrupt %s", (_, given) => {
    expect(
      victims({
        devices: worker("a", 1),
        running: [running("r", { on: ["a0"], ...given })],
        queued: [urgent("u")],
      }),
    ).toEqual([]);
  });

  test("does interrupt a run of its class that borrows", () => {
    expect(
      victims({
        devices: worker("a", 1),
        running: [running("r", { on: ["a0"], teamId: "x", class: "urgent", borrowing: true })],
        queued: [urgent("u")],
      }),
    ).toEqual(["r"]);
  });

  test("interrupts nobody for a run that would borrow", () => {
    expect(
      victims({
        devices: worker("a", 1),
        teams: [team("t", { quota: quota({ devices: 0 }) })],
        running: [running("r", { on: ["a0"], teamId: "x", class: "idle" })],
        queued: [urgent("u")],
      }),
    ).toEqual([]);
  });

  test("asks nobody twice: the next pass waits for those who leave, and keeps their devices", () => {
    const { preemptions, reservations, starts } = decide({
      devices: worker("a", 2),
      running: [
        running("leaving", { on: ["a0"], state: "stopping", stopsBy: NOW + MINUTE }),
        running("other", { on: ["a1"] }),
      ],
      queued: [urgent("u"), queued("n", { priority: 9 })],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW + MINUTE, promised: true }],
    });
    expect([preemptions, starts]).toEqual([[], []]);
    expect(reservations).toContainEqual({ runId: "u", deviceIds: ["a0"], at: NOW + MINUTE, promised: true });
  });

  test.each([
    ["somebody later", queued("n", { duration: exactly(2 * MINUTE) })],
    ["one before it in the order", queued("n", { class: "urgent", teamId: "x", queuedAt: NOW - HOUR })],
    ["one that is overdue", queued("n", { queuedAt: NOW - 48 * HOUR })],
  ])("keeps what was cleared for its run from %s", (_, other) => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 2),
      running: [running("leaving", { on: ["a0"], state: "stopping", stopsBy: NOW + MINUTE })],
      queued: [urgent("u", 2), other],
      reservations: [{ runId: "u", deviceIds: ["a0", "a1"], at: NOW + MINUTE, promised: true }],
    };
    expect(decide(given, { reservations: 0 }).starts).toEqual([]);
    expect(decide({ ...given, running: [] }).starts.map(({ runId }) => runId)).toEqual(["u"]);
  });

  test("counts a run that waits for its promise as one that had its turn", () => {
    const { starts } = decide({
      devices: worker("a", 2),
      running: [running("leaving", { on: ["a0"], state: "stopping", stopsBy: NOW + MINUTE })],
      queued: [
        queued("u", { teamId: "x", class: "urgent" }),
        queued("x1", { teamId: "x" }),
        queued("y1", { teamId: "y" }),
      ],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW + MINUTE, promised: true }],
    });
    expect(starts).toMatchObject([{ runId: "y1", backfilled: true }]);
  });

  test("takes nothing for granted: what was promised lapses with its device", () => {
    const { starts } = decide({
      devices: [...worker("a", 1, { state: "lost" }), ...worker("b", 1)],
      queued: [urgent("u"), queued("n", { class: "urgent", teamId: "x", queuedAt: NOW - HOUR })],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW, promised: true }],
      teams: [team("t", { used: 1 })],
    });
    expect(starts.map(({ runId }) => runId)).toEqual(["n"]);
  });

  test("takes nothing for granted: what was promised lapses when nobody leaves", () => {
    const { reservations } = decide({
      devices: worker("a", 1),
      running: [running("stays", { on: ["a0"], class: "urgent" })],
      queued: [urgent("u")],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW, promised: true }],
    });
    expect(reservations).toEqual([{ runId: "u", deviceIds: ["a0"], at: NOW + HOUR, promised: false }]);
  });

  test("does not start on a device whose run is overdue to leave", () => {
    const { starts, reservations } = decide({
      devices: worker("a", 1),
      running: [running("stuck", { on: ["a0"], state: "stopping", stopsBy: NOW - HOUR })],
      queued: [urgent("u")],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW - HOUR, promised: true }],
    });
    expect(starts).toEqual([]);
    expect(reservations).toMatchObject([{ runId: "u", promised: true }]);
  });

  test("interrupts at most for so many runs in a pass", () => {
    const given: Partial<Snapshot> = {
      devices: worker("a", 3),
      running: [0, 1, 2].map((n) => running(`r${n}`, { on: [`a${n}`] })),
      queued: [urgent("u0"), urgent("u1"), urgent("u2")],
    };
    expect(victims(given, { preemptors: 2 }).length).toBe(2);
    expect(victims(given).length).toBe(3);
  });
});

describe("reclaim", () => {
  const teams = [
    team("owner", { quota: quota({ devices: 1 }) }),
    team("guest", { quota: quota({ devices: 1 }) }),
  ];
  const guests = [
    running("g0", { teamId: "guest", on: ["a0"], secondsSinceCheckpoint: 9 }),
    running("g1", { teamId: "guest", on: ["a1"], borrowing: true }),
  ];

  test("takes the cheapest run of a team that is beyond its quota, in the same class", () => {
    const { preemptions } = decide({
      devices: worker("a", 2),
      teams,
      running: guests,
      queued: [queued("r", { teamId: "owner" })],
    });
    expect(preemptions).toMatchObject([{ runId: "g0", reason: "reclaim", forRunId: "r" }]);
  });

  test("takes no more than what was borrowed", () => {
    expect(
      victims({
        devices: worker("a", 2),
        teams: [team("owner", { quota: quota({ devices: 2 }) }), teams[1]!],
        running: guests,
        queued: [queued("r1", { teamId: "owner" }), queued("r2", { teamId: "owner" })],
      }),
    ).toEqual(["g0"]);
    expect(
      victims({
        devices: worker("a", 2),
        teams: [team("owner", { quota: quota({ devices: 2 }) }), teams[1]!],
        running: guests,
        queued: [queued("r", { teamId: "owner", needs: { devices: 2 } })],
      }),
    ).toEqual([]);
  });

  test("is for runs within the quota, from teams beyond theirs", () => {
    const running = guests;
    const queuedRun = queued("r", { teamId: "owner" });
    const without = { devices: worker("a", 2), running, queued: [queuedRun] };
    expect(victims({ ...without, teams: [teams[1]!] })).toEqual([]);
    expect(victims({ ...without, teams: [teams[0]!] })).toEqual([]);
    expect(
      victims({ ...without, teams: [teams[0]!, team("guest", { quota: quota({ devices: 2 }) })] }),
    ).toEqual([]);
  });

  test("does not let an idle run interrupt a normal one", () => {
    expect(
      victims({
        devices: worker("a", 2),
        teams,
        running: guests,
        queued: [queued("r", { teamId: "owner", class: "idle" })],
      }),
    ).toEqual([]);
  });

  test("does not start a ping-pong: who was sent away comes back behind, and sends nobody away", () => {
    expect(
      victims({
        devices: worker("a", 2),
        teams,
        running: [guests[1]!, running("r", { teamId: "owner", on: ["a0"] })],
        queued: [queued("g0", { teamId: "guest", queuedAt: NOW - 5 * HOUR })],
      }),
    ).toEqual([]);
  });
});

describe("a run whose own team is at its quota", () => {
  const full = (borrowing: number | null, devices = 2): Partial<Snapshot> => ({
    devices: worker("a", devices),
    teams: [team("t", { quota: quota({ devices: 2, borrowing }) })],
    running: [
      running("n", { on: ["a0"], secondsSinceCheckpoint: 1 }),
      running("i", { on: ["a1"], class: "idle" }),
    ],
    queued: [urgent("u")],
  });

  test.each([0, null])("makes its lesser runs leave (borrowing %s)", (borrowing) => {
    const { preemptions, waiting } = decide(full(borrowing));
    expect(preemptions).toMatchObject([{ runId: "n", reason: "higher-class", forRunId: "u" }]);
    expect(waiting).toMatchObject([{ runId: "u", reason: { code: "preempting", runIds: ["n"] } }]);
  });

  test("borrows first where it may", () => {
    expect(decide(full(null, 3))).toMatchObject({ preemptions: [], starts: [{ borrowing: true }] });
  });

  test("waits for those who leave already", () => {
    const given = full(0);
    const [n, i] = given.running!;
    const leaving = { ...n!, state: "stopping" as const, stopsBy: NOW + MINUTE };
    expect(victims({ ...given, running: [leaving, i!] })).toEqual([]);
    const decisions = decide({
      ...given,
      running: [leaving, i!],
      reservations: [{ runId: "u", deviceIds: ["a0"], at: NOW + MINUTE, promised: true }],
    });
    expect(decisions.preemptions).toEqual([]);
    expect(decisions.waiting).toMatchObject([{ reason: { code: "preempting", runIds: ["n"] } }]);
  });

  test("asks for as many as its devices and its quota take, and no more", () => {
    const lesser = (id: string, device: string, lost: number): RunningRun =>
      running(id, { on: [device], class: "idle", secondsSinceCheckpoint: lost });
    const given = (devices: number): Partial<Snapshot> => ({
      devices: [...worker("a", 2), ...worker("b", 2)],
      teams: [team("t", { quota: quota({ devices: 4, borrowing: 0 }) })],
      running: [lesser("w", "a0", 9), lesser("x", "a1", 9), lesser("y", "b0", 1), lesser("z", "b1", 20)],
      queued: [urgent("u", devices)],
    });
    expect(victims(given(1))).toEqual(["y"]);
    expect(victims(given(2))).toEqual(["w", "x"]);
  });

  test("does not interrupt its own class, borrowing or not", () => {
    const given = full(0);
    const same = given.running!.map((run) => ({ ...run, class: "urgent" as const, borrowing: true }));
    expect(victims({ ...given, running: same })).toEqual([]);
  });

  test("waits for those who end soon", () => {
    const given = full(0);
    const ending = { ...given.running![0]!, historyKeys: [keyOfDuration(exactly(HOUR + MINUTE))] };
    expect(victims({ ...given, running: [ending, given.running![1]!] })).toEqual([]);
  });

  test("does not count on the same departure twice", () => {
    const given = full(0);
    expect(victims({ ...given, queued: [urgent("u1"), urgent("u2")] })).toEqual(["n", "i"]);
  });
});
