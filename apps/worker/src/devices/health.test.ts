import { holdCauses } from "@espalier/contract";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Health, judge, type Observation } from "./health.ts";

const standard = { leastFreeBytes: 40e9 };
const seen = (more: Partial<Extract<Observation, { type: "seen" }>> = {}): Observation => ({
  type: "seen",
  measurement: { freeBytes: 79e9, utilization: 3, temperature: 40 },
  busy: false,
  ...more,
});
const silent: Observation = { type: "silent", reason: "It hangs." };
const missing: Observation = { type: "missing", reason: "It is gone." };
const foreign = { foreign: [{ pid: 7, name: "/usr/bin/python3", usedBytes: 12e9 }] };
const low = { measurement: { freeBytes: 21e9 } };

describe("a judgement", () => {
  it("finds nothing wrong with an idle card, and says what is wrong with others", () => {
    const words = (observation: Observation, accepted = 0) =>
      judge(observation, standard, accepted).map(({ cause, reason }) => `${cause}: ${reason}`);
    expect(words(seen())).toEqual([]);
    expect(words(seen({ measurement: {} }))).toEqual([]);
    expect(words(silent)).toEqual(["not-answering: It hangs."]);
    expect(words(missing)).toEqual(["vanished: It is gone."]);
    expect(words(seen(foreign))).toEqual(["foreign-process: Not of the pool: python3 (process 7, 12.0 GB)."]);
    expect(words(seen(low))).toEqual([
      "low-memory: 21.0 GB are free and no run is on it; 40.0 GB are needed.",
    ]);
    expect(words(seen({ uncorrected: 3 }))).toEqual([
      "memory-error: 3 uncorrectable memory errors since its driver was loaded.",
    ]);
    expect(words(seen({ uncorrected: 3 }), 3)).toEqual([]);
    expect(words(seen({ unusable: "None is there." }))).toEqual(["no-engine: None is there."]);
    expect(words(seen({ faults: ["A.", "B."] }))).toEqual(["device-error: A. B."]);
  });

  it("does not blame a run for the memory that it uses, nor twice for what a foreign process uses", () => {
    expect(judge(seen({ ...low, busy: true }), standard, 0)).toEqual([]);
    expect(judge(seen({ ...low, ...foreign }), standard, 0)).toMatchObject([{ cause: "foreign-process" }]);
  });

  it("names three processes of many", () => {
    const many = Array.from({ length: 9 }, (_, pid) => ({ pid, name: "x" }));
    const [finding] = judge(seen({ foreign: many }), standard, 0);
    expect(finding?.reason).toBe("Not of the pool: x (process 0), x (process 1), x (process 2) and 6 more.");
  });
});

/** What counts after each of these observations, and whether the device would take a run. */
function follow(...observations: Observation[]): string[] {
  const health = new Health(standard);
  return observations.map((observation) => {
    health.observe(observation);
    const causes = health.findings.map(({ cause }) => cause).join("+");
    return `${causes}${health.ready ? "ready" : causes ? "" : "waits"}`;
  });
}

describe("health over time", () => {
  it("holds a device at once for a foreign process, and returns after three looks without", () => {
    expect(
      follow(seen(), seen(foreign), seen(), seen(), seen(foreign), seen(), seen(), seen(), seen()),
    ).toEqual([
      "ready",
      "foreign-process",
      "foreign-process",
      "foreign-process",
      "foreign-process",
      "foreign-process",
      "foreign-process",
      "ready",
      "ready",
    ]);
  });

  it("waits for a second look before it reports what an operator has to clear", () => {
    expect(follow(missing, seen(), missing, missing, seen())).toEqual([
      "waits",
      "ready",
      "waits",
      "vanished",
      "ready",
    ]);
    const faulty = seen({ faults: ["Bad."] });
    expect(follow(faulty, faulty)).toEqual(["waits", "device-error"]);
    expect(follow(seen({ uncorrected: 1 }))).toEqual(["memory-error"]);
  });

  it("gives memory a moment to be freed after a run", () => {
    expect(follow(seen({ ...low, busy: true }), seen(low), seen())).toEqual(["ready", "waits", "ready"]);
    expect(follow(seen(low), seen(low), seen(), seen(), seen())).toEqual([
      "waits",
      "low-memory",
      "low-memory",
      "low-memory",
      "ready",
    ]);
  });

  it("takes nothing before the first look, and measures what was last seen", () => {
    const health = new Health(standard);
    expect([health.ready, health.measurement]).toEqual([false, undefined]);
    health.observe(seen());
    expect(health.measurement).toEqual({ freeBytes: 79e9, utilization: 3, temperature: 40 });
    health.observe(silent);
    expect(health.measurement).toBeUndefined();
  });

  it("is content with memory errors that are accepted, until there is another", () => {
    const health = new Health(standard);
    health.observe(seen({ uncorrected: 2 }));
    health.accept(2);
    expect(health.ready).toBe(true);
    health.observe(seen({ uncorrected: 2 }));
    expect(health.ready).toBe(true);
    health.observe(seen({ uncorrected: 3 }));
    expect(health.findings).toMatchObject([{ cause: "memory-error", count: 3 }]);
  });

  it("never is ready with a finding, and never reports what the last three looks do not show", () => {
    const observation = fc.constantFrom(
      seen(),
      silent,
      missing,
      seen(foreign),
      seen(low),
      seen({ faults: ["x"] }),
    );
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 30 }), (observations) => {
        const health = new Health(standard);
        for (const [index, each] of observations.entries()) {
          health.observe(each);
          if (health.findings.length > 0) expect(health.ready).toBe(false);
          const recent = observations.slice(Math.max(0, index - 2), index + 1);
          const shown = new Set(recent.flatMap((one) => judge(one, standard, 0)).map(({ cause }) => cause));
          for (const { cause } of health.findings) expect(shown.has(cause)).toBe(true);
          const now = judge(each, standard, 0).map(({ cause }) => cause);
          expect(health.ready && now.length > 0).toBe(false);
          for (const { cause } of health.findings)
            if (!holdCauses[cause].returns) expect(now).toContain(cause);
        }
      }),
    );
  });
});
