import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plan, type QueuedRun } from "./plan.ts";

const queuedRun = (deviceClass: fc.Arbitrary<string>): fc.Arbitrary<QueuedRun> =>
  fc.record({
    id: fc.uuid(),
    teamId: fc.constantFrom("a", "b"),
    priority: fc.integer({ min: -2, max: 2 }),
    queuedAt: fc.nat(50),
    deviceClass,
  });
const snapshot = fc.record({
  queued: fc.uniqueArray(queuedRun(fc.constantFrom("cpu", "cuda", "webgpu")), { selector: (run) => run.id }),
  classes: fc.uniqueArray(
    fc.record({ name: fc.constantFrom("cpu", "cuda"), devices: fc.nat(3), taken: fc.nat(5) }),
    { selector: ({ name }) => name },
  ),
});

describe("the plan", () => {
  it("never releases more than the free devices and the lookahead, and nothing to a class without devices", () => {
    fc.assert(
      fc.property(snapshot, fc.nat(2), (given, lookahead) => {
        const decisions = plan(given, lookahead);
        for (const name of new Set(decisions.map(({ deviceClass }) => deviceClass))) {
          const { devices, taken } = given.classes.find((each) => each.name === name)!;
          const released = decisions.filter(({ deviceClass }) => deviceClass === name).length;
          expect(devices).toBeGreaterThan(0);
          expect(released + taken).toBeLessThanOrEqual(devices + lookahead);
        }
      }),
    );
  });

  it("leaves nobody behind who comes before a released run of the same class", () => {
    fc.assert(
      fc.property(snapshot, (given) => {
        const released = new Set(plan(given).map(({ runId }) => runId));
        for (const run of given.queued.filter(({ id }) => released.has(id)))
          for (const other of given.queued.filter(({ id }) => !released.has(id)))
            if (other.deviceClass === run.deviceClass) {
              expect(other.priority).toBeLessThanOrEqual(run.priority);
              if (other.priority === run.priority)
                expect(other.queuedAt).toBeGreaterThanOrEqual(run.queuedAt);
            }
      }),
    );
  });

  it("does not depend on the order of the snapshot", () => {
    fc.assert(
      fc.property(snapshot, (given) => {
        expect(plan({ ...given, queued: [...given.queued].reverse() })).toEqual(plan(given));
      }),
    );
  });

  it("fills every free device when runs are waiting", () => {
    const queued = [1, 2, 3, 4].map((n) => ({
      id: `r${n}`,
      teamId: "a",
      priority: 0,
      queuedAt: n,
      deviceClass: "cpu",
    }));
    expect(
      plan({ queued, classes: [{ name: "cpu", devices: 2, taken: 0 }] }).map(({ runId }) => runId),
    ).toEqual(["r1", "r2", "r3"]);
  });
});
