import { describe, expect, test } from "vitest";
import type { Device } from "@espalier/scheduler";
import { clusterOf, fitsOn } from "./cluster.ts";
import { jobId, type Job, type Trace, type TraceTeam } from "./job.ts";
import { Simulation, type JobTimes, type Outcome, type SimulationOptions } from "./simulation.ts";
import { summaryOf } from "./summary.ts";
import { synthesize } from "./synthetic.ts";
import { policyNames, views } from "./views.ts";

const minute = 60_000;
const hour = 60 * minute;

function traceOf(jobs: Partial<Job>[], teams: Record<string, TraceTeam> = {}): Trace {
  const full = jobs.map((given, i) => ({
    team: "t",
    user: "u",
    class: "normal" as const,
    submittedAt: 0,
    durationMs: hour,
    devices: 1,
    memoryBytes: null,
    shares: false,
    checkpointMs: 30 * minute,
    ...given,
    id: jobId(i),
  }));
  const names = full.map(({ team }) => [team, { weight: 1, quota: null }] as const);
  return { jobs: full, teams: new Map([...names, ...Object.entries(teams)]) };
}

const run = (trace: Trace, devices: number, more: Partial<SimulationOptions> = {}): Outcome =>
  new Simulation({ trace, devices: clusterOf(devices), view: views.fair, passMs: 1000, ...more }).run();
const inMinutes =
  (figure: keyof JobTimes) =>
  ({ times }: Outcome): number[] =>
    [...times.values()].map((each) => each[figure] / minute);
const [waits, firstWaits, ends] = [inMinutes("lastStart"), inMinutes("firstStart"), inMinutes("end")];

describe("a simulation", () => {
  test("starts jobs as devices come free", () => {
    const outcome = run(traceOf([{}, {}, { submittedAt: 30 * minute }]), 1);
    expect(waits(outcome)).toEqual([0, 60, 90]);
    expect(outcome).toMatchObject({ makespanMs: 3 * hour, preemptions: 0, unstarted: [] });
  });

  test("decides what happens close together in one pass", () => {
    const together = traceOf(Array.from({ length: 8 }, (_, i) => ({ submittedAt: i * 1000 })));
    expect(run(together, 8, { passMs: 1000 }).passes).toBe(8);
    const coarse = run(together, 8, { passMs: 30_000 });
    expect(coarse.passes).toBe(2);
    expect(waits(coarse).slice(0, 3)).toEqual([0, 29 / 60, 28 / 60]);
  });

  test("loses what a preempted run did since its checkpoint, and the run finishes later", () => {
    const trace = traceOf([
      { class: "idle", durationMs: 2 * hour },
      { class: "urgent", submittedAt: 40 * minute },
    ]);
    const outcome = run(trace, 1);
    // Asked at 40 min, stopped at 42 with 30 saved; urgent until 102 min; then the other 90.
    expect(firstWaits(outcome)).toEqual([0, 2]);
    expect(waits(outcome)).toEqual([102, 2]);
    expect(ends(outcome)).toEqual([102 + 90, 62]);
    expect(outcome).toMatchObject({
      preemptions: 1,
      lostDeviceSeconds: 12 * 60,
      makespanMs: (102 + 90) * minute,
    });
    const { slowdown } = summaryOf("fair", trace, outcome);
    expect(slowdown).toMatchObject({ p50: 62 / 60, max: (102 + 90) / 120 });
  });

  test("counts what starting again takes as lost", () => {
    const outcome = run(
      traceOf([
        { class: "idle", durationMs: 2 * hour },
        { class: "urgent", submittedAt: 40 * minute },
      ]),
      1,
      { restartMs: 3 * minute },
    );
    expect(ends(outcome)).toEqual([102 + 3 + 90, 62]);
    expect(outcome.lostDeviceSeconds).toBe((12 + 3) * 60);
  });

  test("keeps the parts of a job of several machines apart, and the job goes by the last of them", () => {
    const several = { devices: 10, machines: [8, 2] };
    const outcome = run(traceOf([{ devices: 8 }, several]), 8);
    expect(waits(outcome)).toEqual([0, 120]);
    expect(ends(outcome)).toEqual([60, 180]);
    expect(outcome.times.size).toBe(2);
  });

  test("lets a run that ends within its grace time end", () => {
    const outcome = run(
      traceOf([
        { class: "idle", durationMs: 41 * minute },
        { class: "urgent", submittedAt: 40 * minute },
      ]),
      1,
    );
    expect(outcome).toMatchObject({ preemptions: 0, makespanMs: 101 * minute });
  });

  test("puts two jobs on a card that both may share", () => {
    const small = { memoryBytes: 30e9, shares: true };
    expect(waits(run(traceOf([small, small, small]), 1))).toEqual([0, 0, 60]);
  });

  test("says which jobs never started", () => {
    const outcome = run(traceOf([{ devices: 2 }, {}]), 1);
    expect(outcome.unstarted.map(({ id }) => id)).toEqual([jobId(0)]);
    expect(fitsOn(clusterOf(1), outcome.unstarted[0]!, 0.1)).toBe(false);
  });

  test("orders by age under fifo and by true duration under the oracle", () => {
    const trace = traceOf([
      { durationMs: 10 * minute },
      { durationMs: 30 * minute, team: "x" },
      { durationMs: 20 * minute },
      { durationMs: 10 * minute, class: "urgent" },
    ]);
    expect(waits(run(trace, 1, { view: views.fifo }))).toEqual([0, 10, 40, 60]);
    expect(waits(run(trace, 1, { view: views["sjf-oracle"] }))).toEqual([0, 40, 20, 10]);
  });

  test("heeds quotas: a team gets its own devices back from one that borrows", () => {
    const quota = { devices: 1, borrowing: null, queuedRuns: null, deviceHours: null };
    const teams = { x: { weight: 1, quota }, y: { weight: 1, quota } };
    const outcome = run(
      traceOf(
        [
          { team: "x", durationMs: 5 * hour },
          { team: "x", durationMs: 5 * hour },
          { team: "y", submittedAt: 2 * hour },
        ],
        teams,
      ),
      2,
    );
    expect(firstWaits(outcome)).toEqual([0, 0, 2]);
    expect(outcome.preemptions).toBe(1);
  });
});

describe("a long simulation", () => {
  const options = { jobs: 700, teams: 6, seed: 7, devices: 64, load: 1, quotas: true };
  const trace = synthesize(options);
  const devices = clusterOf(options.devices);

  test.each(policyNames)(
    "under %s starts and ends every job, and overcommits no device in any pass",
    (name) => {
      const byId = new Map<string, Device>(devices.map((device) => [device.id, device]));
      const outcome = new Simulation({
        trace,
        devices,
        view: views[name],
        observe: (_, { running }, { starts }) => {
          const held = new Map<string, { bytes: number; whole: boolean; count: number }>();
          const sharing = new Map(trace.jobs.map(({ id, shares }) => [id, shares]));
          const all = [
            ...running.map(({ id, allocations }) => ({ id, allocations })),
            ...starts.map(({ runId, allocations }) => ({ id: runId, allocations })),
          ];
          for (const { id, allocations } of all)
            for (const { deviceId, reservedBytes } of allocations) {
              const device = held.get(deviceId) ?? { bytes: 0, whole: false, count: 0 };
              device.bytes += reservedBytes ?? 0;
              device.whole ||= !sharing.get(id);
              device.count++;
              held.set(deviceId, device);
            }
          for (const [id, { bytes, whole, count }] of held)
            if (bytes > byId.get(id)!.memoryBytes || (whole && count > 1))
              throw new Error(`${id} is overcommitted`);
        },
      }).run();
      expect(outcome.unstarted).toEqual([]);
      expect(outcome.times.size).toBe(trace.jobs.length);
      expect(outcome.preemptions > 0).toBe(name === "fair");
    },
  );

  test("is the same every time", () => {
    const once = new Simulation({ trace, devices, view: views.fair }).run();
    const again = new Simulation({ trace, devices, view: views.fair }).run();
    expect(again).toEqual(once);
  });
});
