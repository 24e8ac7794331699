/** What the plan promises over time, under traces that are made to break it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { priorityClasses } from "../../packages/contract/src/index.ts";
import { defaultPolicy, type Policy } from "@espalier/scheduler";
import { clusterOf } from "./cluster.ts";
import { jobId, type Job, type Trace } from "./job.ts";
import { Simulation } from "./simulation.ts";
import { synthesize } from "./synthetic.ts";
import { views, type View } from "./views.ts";

const minute = 60_000;
const hour = 60 * minute;

type Given = Pick<Job, "submittedAt" | "durationMs" | "devices" | "class" | "team" | "shares">;

const traceOf = (jobs: readonly Given[], devicesOfZ: number | null = null): Trace => ({
  jobs: [...jobs]
    .sort((a, b) => a.submittedAt - b.submittedAt)
    .map((job, i) => ({
      ...job,
      id: jobId(i),
      user: `${job.team}.u`,
      memoryBytes: job.shares ? 20e9 : null,
      checkpointMs: 10 * minute,
    })),
  teams: new Map([
    ["x", { weight: 1, quota: null }],
    ["y", { weight: 1, quota: null }],
    ["z", { weight: 1, quota: { devices: devicesOfZ, borrowing: 0, queuedRuns: null, deviceHours: null } }],
  ]),
});

describe("aging", () => {
  const longest = 2 * hour;
  const patienceMs = { urgent: 30 * minute, normal: hour, idle: 3 * hour };
  const policy: Policy = { ...defaultPolicy, explain: false, patienceMs };
  const passMs = 1000;

  /**
   * A stream that never stops: something urgent or normal, of any length up to the longest, every few minutes on six
   * devices for two days, some of it of the victim's own team, which may hold four devices. Nothing is known about
   * durations beforehand, so that backfill guesses wrong all the time.
   */
  const stream = fc.array(
    fc.record({
      submittedAt: fc.integer({ min: 0, max: 48 * 60 }).map((n) => n * minute),
      durationMs: fc.integer({ min: 1, max: 120 }).map((n) => n * minute),
      devices: fc.constantFrom(1, 1, 1, 2, 4),
      class: fc.constantFrom<Job["class"][]>("urgent", "normal", "normal"),
      team: fc.constantFrom("x", "y", "z"),
      shares: fc.boolean(),
    }),
    { minLength: 400, maxLength: 500 },
  );
  const victim = fc.record({
    submittedAt: fc.integer({ min: 0, max: 12 * 60 }).map((n) => n * minute),
    durationMs: fc.constant(hour),
    devices: fc.constantFrom(1, 2, 4),
    class: fc.constant("idle" as const),
    team: fc.constant("z"),
    shares: fc.constant(false),
  });

  test("a run starts within its patience and three of the longest runs for each aged run before it", () => {
    fc.assert(
      fc.property(stream, victim, (others, idle) => {
        const trace = traceOf([...others, idle], 4);
        const one = trace.jobs.find((job) => job.class === "idle")!;
        const dueOf = (job: Job): number => job.submittedAt + patienceMs[job.class];
        const jobs = new Map(trace.jobs.map((job) => [job.id, job]));
        const before: Job[] = [];
        let startedAt: number | null = null;
        new Simulation({
          trace,
          devices: clusterOf(6),
          view: { ...views.fair, policy },
          passMs,
          observe: (now, _, { starts }) => {
            for (const { runId, aged } of starts) {
              if (runId === one.id) startedAt ??= now;
              else if (aged && startedAt === null && now >= dueOf(one)) before.push(jobs.get(runId)!);
            }
          },
        }).run();
        // Aged runs start in the order in which they fell due, so only finitely many come before any run.
        for (const job of before) expect(dueOf(job)).toBeLessThanOrEqual(dueOf(one));
        // Each may wait for aged runs that run, then for its team's quota, then for its devices.
        const bound = patienceMs.idle + (before.length + 1) * 3 * (longest + defaultPolicy.graceMs + passMs);
        expect(startedAt).not.toBeNull();
        expect(startedAt! - one.submittedAt).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 8 },
    );
  });

  test("without it the same run waits as long as the stream goes on", () => {
    const others = Array.from({ length: 200 }, (_, i) => ({
      submittedAt: i * 10 * minute,
      durationMs: 50 * minute,
      devices: 1,
      class: "normal" as const,
      team: "x",
      shares: false,
    }));
    const idle = { ...others[0]!, class: "idle" as const, team: "z", durationMs: hour, devices: 4 };
    const waitUnder = (policy: Policy): number => {
      const trace = traceOf([...others, idle]);
      const { times } = new Simulation({
        trace,
        devices: clusterOf(4),
        view: { ...views.fair, policy },
        passMs,
      }).run();
      return [...times].find(([job]) => job.class === "idle")![1].firstStart;
    };
    const never = { urgent: Infinity, normal: Infinity, idle: Infinity };
    expect(waitUnder({ ...policy, patienceMs: never })).toBeGreaterThan(30 * hour);
    expect(waitUnder(policy)).toBeLessThan(patienceMs.idle + 2 * hour);
  });
});

describe("backfill", () => {
  /** Durations are what they are expected to be. */
  const exact: View = {
    ...views["sjf-oracle"],
    policy: { ...views["sjf-oracle"].policy, minGainMs: 0 },
    priority: () => 0,
  };
  const jobs = fc.array(
    fc.record({
      submittedAt: fc.constant(0),
      durationMs: fc.integer({ min: 1, max: 300 }).map((n) => n * minute),
      devices: fc.constantFrom(1, 1, 2, 3, 5, 8),
      class: fc.constant("normal" as const),
      team: fc.constant("x"),
      shares: fc.boolean(),
    }),
    { minLength: 2, maxLength: 40 },
  );

  test("never makes the head start later than it was told, whatever starts before it", () => {
    fc.assert(
      fc.property(jobs, (given) => {
        const told = new Map<string, number>();
        let backfilled = 0;
        new Simulation({
          trace: traceOf(given),
          devices: clusterOf(12),
          view: exact,
          passMs: 0,
          observe: (now, _, { starts, reservations }) => {
            for (const { runId, backfilled: early } of starts) {
              if (early) backfilled++;
              const promise = told.get(runId);
              if (promise !== undefined) expect(now).toBeLessThanOrEqual(promise);
            }
            const head = reservations[0];
            if (head) told.set(head.runId, Math.min(head.at, told.get(head.runId) ?? Infinity));
          },
        }).run();
        fc.pre(backfilled > 0 || told.size === 0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("preemption", () => {
  test("does not go back and forth: the run that asked starts before those that left for it get those devices again", () => {
    const options = { jobs: 1200, teams: 6, seed: 3, devices: 48, load: 1.1, quotas: true };
    const taken = new Map<string, { forRunId: string; devices: readonly string[] }>();
    const waiting = new Set<string>();
    let preemptions = 0;
    new Simulation({
      trace: synthesize(options),
      devices: clusterOf(options.devices),
      view: views.fair,
      observe: (_, { running }, decisions) => {
        for (const { runId, forRunId } of decisions.preemptions) {
          preemptions++;
          const { allocations } = running.find(({ id }) => id === runId)!;
          taken.set(runId, { forRunId, devices: allocations.map(({ deviceId }) => deviceId) });
          waiting.add(forRunId);
        }
        for (const { runId, allocations } of decisions.starts) {
          waiting.delete(runId);
          const left = taken.get(runId);
          taken.delete(runId);
          if (!left || !waiting.has(left.forRunId)) continue;
          expect(allocations.filter(({ deviceId }) => left.devices.includes(deviceId))).toEqual([]);
        }
      },
    }).run();
    expect(preemptions).toBeGreaterThan(50);
  });

  test("is never of a run that has only begun, nor twice of the same run within the least time", () => {
    const options = { jobs: 1200, teams: 6, seed: 4, devices: 48, load: 1.1, quotas: true };
    const kinds = new Set<string>();
    new Simulation({
      trace: synthesize(options),
      devices: clusterOf(options.devices),
      view: views.fair,
      observe: (now, { running }, { preemptions }) => {
        for (const { runId, reason } of preemptions) {
          kinds.add(reason);
          const { startedAt } = running.find(({ id }) => id === runId)!;
          expect(now - startedAt).toBeGreaterThanOrEqual(defaultPolicy.minRunMs);
        }
      },
    }).run();
    expect([...kinds].sort()).toEqual(["higher-class", "reclaim"]);
  });
});

test("every class is used, or these tests would miss something", () => {
  const { jobs } = synthesize({ jobs: 200, teams: 3, seed: 1, devices: 8, load: 1, quotas: false });
  expect([...new Set(jobs.map((job) => job.class))].sort()).toEqual([...priorityClasses].sort());
});
