import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  classify,
  judge,
  maxCrashes,
  maxCrashesOnOneWorker,
  mayBeOfPlace,
  maxInfrastructureFailures,
  type EndedAttempt,
  type FailureClass,
  type PastFailure,
} from "./failure.ts";
import { newId } from "../id.ts";
import { leaseTiming, sweepSeconds } from "./lease.ts";
import { Problem, problems, type ProblemCode } from "../problem.ts";
import type { RunSpec } from "../kinds/kinds.ts";

const train: RunSpec = { kind: "train", model: newId("model"), datasetId: newId("dataset") };
const problem = (code: ProblemCode) => new Problem(code, "It went wrong.").toDocument();
const ended = (code: ProblemCode | undefined, more: Partial<EndedAttempt> = {}): EndedAttempt => ({
  spec: train,
  problem: code && problem(code),
  progressed: false,
  past: [],
  worker: "w",
  onlyWorker: true,
  excused: false,
  ...more,
});
const times = (n: number, failure: FailureClass, progressed = false): PastFailure[] =>
  Array.from({ length: n }, () => ({ failure, progressed, worker: "w", excused: false }));

describe("the class of a failure", () => {
  it("follows from the problem", () => {
    const classes = Object.fromEntries(
      (Object.keys(problems) as ProblemCode[]).map((code) => [code, classify(ended(code))]),
    );
    expect(classes).toMatchObject({
      "worker/lost": "infrastructure",
      "worker/disk-full": "host",
      "service/unavailable": "infrastructure",
      "hub/unavailable": "infrastructure",
      "worker/child-crashed": "crash",
      "internal/error": "crash",
      "device/out-of-memory": "out-of-memory",
      "device/engine-unavailable": "host",
      "training/diverged": "diverged",
      "training/collapsed": "diverged",
      "dataset/malformed": "data",
      "checkpoint/non-finite": "data",
    });
    expect(classify(ended(undefined))).toBe("preempted");
  });
});

describe("a run", () => {
  it("is tried again after a failure of the pool, at once and then after growing pauses, up to a bound", () => {
    const pauses = Array.from({ length: maxInfrastructureFailures - 1 }, (_, n) =>
      judge(ended("worker/lost", { past: times(n, "infrastructure") })),
    ).map(({ state, pause }) => (state === "QUEUED" ? pause : state));
    expect(pauses).toEqual([0, 5, 10, 20, 40, 60, 60]);
    const past = times(maxInfrastructureFailures - 1, "infrastructure");
    expect(judge(ended("worker/lost", { past }))).toMatchObject({
      state: "FAILED",
      problem: { code: "run/too-many-attempts" },
    });
    expect(judge(ended("worker/lost", { past, progressed: true })).state).toBe("QUEUED");
  });

  it("is tried again after growing pauses, however often its hosts fail, and no failure of a host is held against it", () => {
    const after = (n: number) => judge(ended("worker/disk-full", { past: times(n, "host") }));
    expect([0, 1, 2, 3, 4, 5].map((n) => after(n).pause)).toEqual([5, 10, 20, 40, 60, 60]);
    expect(after(1000)).toEqual({ failure: "host", state: "QUEUED", pause: 60 });
    const others = ["worker/lost", "worker/child-crashed", "device/out-of-memory"] as const;
    for (const code of others)
      expect(judge(ended(code, { past: times(1000, "host") }))).toEqual(judge(ended(code)));
  });

  it("is tried once more after memory ran out, and then fails with advice in numbers", () => {
    expect(judge(ended("device/out-of-memory"))).toMatchObject({ failure: "out-of-memory", state: "QUEUED" });
    const again = judge(
      ended("device/out-of-memory", { past: [...times(1, "out-of-memory"), ...times(2, "preempted", true)] }),
    );
    expect(again.state).toBe("FAILED");
    expect(again.problem!.detail).toBe(
      "It went wrong. It was tried with chunks of 1024 tokens and again with 512; " +
        "lower maxLength from 512 to 256, keep fewer layers, or use a device with more memory.",
    );
  });

  it("fails at once after memory ran out where nothing can be made smaller", () => {
    const prune: RunSpec = { kind: "prune", model: newId("model"), layers: 2 };
    expect(judge(ended("device/out-of-memory", { spec: prune }))).toMatchObject({
      state: "FAILED",
      problem: { detail: expect.stringContaining("a worker with more memory") as string },
    });
    const least: RunSpec = { ...train, settings: { chunkTokens: 16 } };
    expect(judge(ended("device/out-of-memory", { spec: least })).state).toBe("FAILED");
  });

  it("gets advice on its chunk only where a smaller one would save memory", () => {
    const past = times(1, "out-of-memory");
    const detail = (settings: object, maxLength: number) =>
      judge(ended("device/out-of-memory", { past, spec: { ...train, settings, encoding: { maxLength } } }))
        .problem!.detail;
    expect(detail({ chunkTokens: 4096, method: "full" }, 128)).toContain(
      "chunks of 4096 tokens and again with 2048; set chunkTokens to 1024, lower maxLength from 128 to 64, train an adapter (method lora)",
    );
    expect(detail({ chunkTokens: 256 }, 128)).not.toContain("set chunkTokens");
  });

  it("is tried again after crashes and then quarantined, whatever else happened in between", () => {
    const past = [
      ...times(1, "crash"),
      ...times(3, "infrastructure"),
      ...times(maxCrashes - 2, "crash"),
      ...times(2, "preempted"),
    ];
    expect(judge(ended("worker/child-crashed", { past: past.slice(1) }))).toMatchObject({ state: "QUEUED" });
    expect(judge(ended("worker/child-crashed", { past }))).toMatchObject({
      failure: "poison",
      state: "QUARANTINED",
      problem: { code: "run/quarantined", detail: expect.stringContaining("It went wrong.") as string },
    });
  });

  it("is poison only after crashes on different workers, or on the one that could take it, up to a bound", () => {
    const on = (worker: string, n: number): PastFailure[] =>
      times(n, "crash").map((each) => ({ ...each, worker }));
    const crash = (past: PastFailure[], more: Partial<EndedAttempt> = {}) =>
      judge(ended("worker/child-crashed", { past, onlyWorker: false, ...more })).state;
    expect(crash(on("w", maxCrashes - 1))).toBe("QUEUED");
    expect(crash(on("w", maxCrashes - 1), { onlyWorker: true })).toBe("QUARANTINED");
    expect(crash(on("other", maxCrashes - 1))).toBe("QUARANTINED");
    expect(crash(on("w", maxCrashesOnOneWorker - 1))).toBe("QUARANTINED");
  });

  it("does not pay for failures on a device that is to blame", () => {
    const excused = (n: number, failure: FailureClass) =>
      times(n, failure).map((each) => ({ ...each, excused: true }));
    for (const [code, failure] of [
      ["worker/child-crashed", "crash"],
      ["worker/lost", "infrastructure"],
    ] as const) {
      expect(judge(ended(code, { past: excused(100, failure) }))).toEqual(judge(ended(code)));
      expect(judge(ended(code, { past: times(100, failure), excused: true }))).toMatchObject({
        failure,
        state: "QUEUED",
      });
    }
  });

  it("is never quarantined while each crash comes after a new checkpoint", () => {
    const past = times(20, "crash", true);
    expect(judge(ended("worker/child-crashed", { past, progressed: true })).state).toBe("QUEUED");
    // The attempt that saved last crashed too, so there are two crashes.
    expect(judge(ended("worker/child-crashed", { past })).state).toBe("QUEUED");
    expect(judge(ended("worker/child-crashed", { past: [...past, ...times(1, "crash")] })).state).toBe(
      "QUARANTINED",
    );
  });

  it("fails with the problem as it is after bad input or a training that diverged", () => {
    for (const code of ["dataset/malformed", "training/diverged", "training/collapsed"] as const)
      expect(judge(ended(code))).toMatchObject({ state: "FAILED", problem: problem(code) });
  });

  it("ends after a bounded number of failures without progress, whatever they are but failures of a host", () => {
    const charged = (Object.keys(problems) as ProblemCode[]).filter(
      (code) => problems[code].failure !== "host",
    );
    const codes = fc.constantFrom(...charged);
    fc.assert(
      fc.property(fc.infiniteStream(codes), (stream) => {
        const past: PastFailure[] = [];
        for (const code of stream) {
          const { failure, state } = judge(ended(code, { past }));
          if (["poison", "diverged", "data"].includes(failure)) expect(state).not.toBe("QUEUED");
          if (state !== "QUEUED") break;
          past.push({ failure, progressed: false, worker: "w", excused: false });
        }
        expect(past.length).toBeLessThan(maxInfrastructureFailures + maxCrashes + 1);
      }),
    );
  });
});

/** Histories as they come about: each attempt ends somewhere, and nothing ends a run but its verdict. */
describe("a run with any history", () => {
  const place = fc.record({
    worker: fc.constantFrom("a", "b", "c"),
    excused: fc.boolean(),
    progressed: fc.constantFrom(false, false, false, true),
  });
  const codes = [...(Object.keys(problems) as ProblemCode[]), undefined, undefined];
  const crashes = Array.from({ length: 60 }, () => "worker/child-crashed" as const);
  const step = fc.record({
    code: fc.constantFrom(...codes, ...crashes),
    at: place,
    onlyWorker: fc.boolean(),
  });
  const toPast = (attempts: { failure: FailureClass; at: Omit<PastFailure, "failure"> }[]): PastFailure[] =>
    attempts.map(({ failure, at }) => ({ failure, ...at }));

  it("ends as poison only on evidence: enough crashes since it saved that nothing excuses, in enough places", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const past: PastFailure[] = [];
        for (const { code, at, onlyWorker } of steps) {
          const verdict = judge(ended(code, { past, onlyWorker, ...at }));
          const since = at.progressed
            ? past.length
            : Math.max(
                0,
                past.findLastIndex((each) => each.progressed),
              );
          const evidence = [...past.slice(since).filter((each) => each.failure === "crash"), at].filter(
            ({ excused }) => !excused,
          );
          const places = new Set(evidence.map(({ worker }) => worker)).size;
          const isPoison =
            code !== undefined &&
            problems[code].failure === "crash" &&
            !at.excused &&
            (evidence.length >= maxCrashesOnOneWorker ||
              (evidence.length >= maxCrashes && (onlyWorker || places > 1)));
          expect(verdict.failure === "poison").toBe(isPoison);
          expect(verdict.state === "QUARANTINED").toBe(isPoison);
          if (verdict.state !== "QUEUED") return;
          past.push({ failure: verdict.failure, ...at });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("fares no worse when a failure before is excused, or was a host's", () => {
    const failed = fc.record({
      failure: fc.constantFrom<FailureClass[]>(
        "crash",
        "infrastructure",
        "host",
        "out-of-memory",
        "preempted",
      ),
      at: place,
    });
    const rank = { QUEUED: 0, FAILED: 1, QUARANTINED: 1 };
    fc.assert(
      fc.property(
        fc.array(failed, { minLength: 1, maxLength: 12 }),
        step,
        fc.nat(),
        (attempts, last, which) => {
          const past = toPast(attempts);
          const { code, at, onlyWorker } = last;
          const state = (history: PastFailure[]) =>
            rank[judge(ended(code, { past: history, onlyWorker, ...at })).state];
          const chosen = which % past.length;
          const spared = past.map((each, i) => (i === chosen ? { ...each, excused: true } : each));
          const hosts = past.map((each, i) => (i === chosen ? { ...each, failure: "host" as const } : each));
          expect(state(spared)).toBeLessThanOrEqual(state(past));
          expect(state(hosts)).toBeLessThanOrEqual(state(past));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("which failures may be a device's fault", () => {
  it("are crashes, hosts that fail and workers that vanish, and never what wrong data or another server has caused", () => {
    for (const code of Object.keys(problems) as ProblemCode[]) {
      const { failure } = problems[code];
      if (["data", "diverged", "out-of-memory"].includes(failure)) expect(mayBeOfPlace(code)).toBe(false);
      if (failure === "crash" || failure === "host") expect(mayBeOfPlace(code)).toBe(true);
    }
    expect(mayBeOfPlace("worker/lost")).toBe(true);
    expect(mayBeOfPlace("hub/unavailable")).toBe(false);
    expect(mayBeOfPlace("service/unavailable")).toBe(false);
  });
});

describe("the times of a lease", () => {
  const { lease, heartbeat, selfFence } = leaseTiming;

  it("give a lost worker's runs back within a minute", () => {
    // Dispatching and claiming take the rest; they follow events, and wait for nothing but a device.
    expect(lease + sweepSeconds).toBeLessThanOrEqual(55);
  });

  it("forgive heartbeats that are missed, and let nobody commit whose run another may have", () => {
    expect(3 * heartbeat).toBeLessThan(selfFence);
    expect(selfFence + heartbeat).toBeLessThan(lease);
  });
});
