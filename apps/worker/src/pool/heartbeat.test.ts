import { setTimeout as sleep } from "node:timers/promises";
import type { Lease } from "@espalier/contract";
import type { Beat, BeatAnswer } from "@espalier/store";
import { afterEach, describe, expect, it } from "vitest";
import { Heartbeat } from "./heartbeat.ts";

/** Seconds; the clock is the test's. */
const timing = { heartbeat: 0.05, selfFence: 35, giveUp: 600 };
const lease = (n: number): Lease => ({ runId: `run_${n}`, attempt: n, workerId: "wrk" });
const progress = (done: number) => ({ phase: "train", done, total: 9, unit: "steps" });
const content = ({ runs }: Beat): BeatAnswer => ({
  state: "ACTIVE",
  at: 0,
  holds: [],
  runs: runs.map(({ runId, attempt }) => ({
    runId,
    attempt,
    held: true,
    stored: true,
    cancel: false,
    preempt: false,
  })),
});
const running: Heartbeat[] = [];
afterEach(async () => {
  for (const heartbeat of running.splice(0)) await heartbeat.stop();
});

/** A heartbeat whose database answers as `respond` says, on a clock that only `pass` moves. */
function open(respond: (beat: Beat) => Promise<BeatAnswer | undefined> = async (beat) => content(beat)) {
  let now = 0;
  const world = { respond, beats: [] as Beat[], answers: [] as unknown[], errors: [] as unknown[] };
  const heartbeat = new Heartbeat({
    send(beat) {
      world.beats.push(beat);
      return world.respond(beat);
    },
    measurements: () => [{ freeBytes: 5 }],
    onAnswer: (answer) => world.answers.push(answer),
    onError: (error) => world.errors.push(error),
    timing,
    now: () => now,
  });
  running.push(heartbeat);
  return { heartbeat, world, pass: (seconds: number) => (now += seconds * 1000) };
}
const away = async (): Promise<never> => {
  throw new Error("the database is away");
};

describe("a heartbeat", () => {
  it("goes on by itself with all leases in one message, and leaves out those that have ended", async () => {
    const { heartbeat, world } = open();
    const [first] = [heartbeat.hold(lease(1)), heartbeat.hold(lease(2))];
    while (world.beats.length < 3) await sleep(10);
    expect(world.beats.at(-1)).toEqual({
      clockOffset: expect.any(Number) as number,
      measurements: [{ freeBytes: 5 }],
      runs: [
        { runId: "run_1", attempt: 1 },
        { runId: "run_2", attempt: 2 },
      ],
    });
    first.stop();
    await heartbeat.beat();
    expect(world.beats.at(-1)?.runs.map(({ runId }) => runId)).toEqual(["run_2"]);
  });

  it("carries progress once, and again when it may have been lost", async () => {
    const { heartbeat, world } = open();
    const held = heartbeat.hold(lease(1));
    held.progress(progress(1));
    world.respond = away;
    await heartbeat.beat();
    world.respond = async (beat) => content(beat);
    await heartbeat.beat();
    held.progress(progress(2));
    held.progress(progress(3));
    await heartbeat.beat();
    await heartbeat.beat();
    const sent = world.beats.map(({ runs }) => runs[0]?.progress?.done);
    expect(sent.filter((done) => done !== undefined)).toEqual([1, 1, 3]);
    expect(world.errors).toHaveLength(1);
  });

  it("gives each lease its own answer", async () => {
    const { heartbeat, world } = open();
    const hold = (n: number) => heartbeat.hold(lease(n));
    const [lost, cancelled, preempted, fine] = [hold(1), hold(2), hold(3), hold(4)];
    const verdicts = [{ held: false }, { cancel: true }, { preempt: true }, {}];
    world.respond = async (beat) => {
      const answer = content(beat);
      return { ...answer, runs: answer.runs.map((run, i) => ({ ...run, ...verdicts[i] })) };
    };
    await heartbeat.beat();
    expect(await lost.interrupted).toBe("lost");
    expect(await cancelled.interrupted).toBe("cancel");
    expect([preempted.interruption, preempted.preempted.aborted]).toEqual([undefined, true]);
    expect([fine.interruption, fine.preempted.aborted]).toEqual([undefined, false]);
    expect(await Promise.all([lost, cancelled, fine].map((held) => held.mayCommit()))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("ends nothing while the database is away, forbids commits after a while, and gives up in the end", async () => {
    const { heartbeat, world, pass } = open(away);
    const held = heartbeat.hold(lease(1));
    pass(30);
    expect(await held.mayCommit()).toBe(true);
    pass(10);
    const may = held.mayCommit();
    await sleep(100);
    world.respond = async (beat) => content(beat);
    expect(await may).toBe(true);
    world.respond = away;
    pass(601);
    await heartbeat.beat();
    expect(await held.interrupted).toBe("unreachable");
    expect(await held.mayCommit()).toBe(false);
  });

  it("does not wait for an answer that does not come", async () => {
    const { heartbeat, world } = open(() => new Promise(() => undefined));
    const held = heartbeat.hold(lease(1));
    await heartbeat.beat();
    expect([held.interruption, world.answers]).toEqual([undefined, []]);
    world.respond = async (beat) => content(beat);
    await heartbeat.beat();
    expect(world.answers).toHaveLength(1);
  });

  it("whose answer comes late says nothing about a lease that was taken after it was sent", async () => {
    let answer!: (value: BeatAnswer) => void;
    const { heartbeat, world } = open(() => new Promise((resolve) => (answer = resolve)));
    const beat = heartbeat.beat();
    const held = heartbeat.hold(lease(1));
    answer({ state: "ACTIVE", at: 0, holds: [], runs: [] });
    await beat;
    expect([held.interruption, world.answers.length]).toEqual([undefined, 1]);
  });
});
