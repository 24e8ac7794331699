import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fits } from "./groups.ts";
import { plan } from "./plan.ts";
import { anySnapshot } from "./testing/arbitrary.ts";
import { device, GB, HOUR, NOW, queued, running, worker } from "./testing/build.ts";
import { table } from "./testing/table.ts";

describe("a run that has failed", () => {
  const failed = (id: string, places: string[], until = NOW + HOUR): ReturnType<typeof queued> =>
    queued(id, { avoids: { places, until } });
  table([
    {
      title: "starts on another worker, and leaves the one where it failed to others",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        queued: [failed("r1", ["a", "a0"]), queued("r2"), queued("r3")],
      },
      starts: { r1: ["b0"], r2: ["a0"] },
    },
    {
      title: "waits for another worker while that is busy, and others start where it failed",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        running: [running("r0", { on: ["b0"] })],
        queued: [failed("r1", ["a", "a0"]), queued("r2")],
      },
      starts: { r2: ["a0"] },
    },
    {
      title: "starts on another device of the worker where no other worker is",
      given: { devices: worker("a", 2), queued: [failed("r1", ["a", "a0"])] },
      starts: { r1: ["a1"] },
    },
    {
      title: "starts where it failed when nothing else fits, or is schedulable",
      given: {
        devices: [...worker("a", 1), device("b0", { memoryBytes: GB }), device("c0", { state: "draining" })],
        queued: [
          queued("r1", {
            needs: { memoryBytes: 40 * GB },
            avoids: { places: ["a", "a0"], until: NOW + HOUR },
          }),
        ],
      },
      starts: { r1: ["a0"] },
    },
    {
      title: "waits for a better place only for a time",
      given: {
        devices: [...worker("a", 1), ...worker("b", 1)],
        running: [running("r0", { on: ["b0"] })],
        queued: [failed("r1", ["a", "a0"], NOW)],
      },
      starts: { r1: ["a0"] },
    },
  ]);

  test("never starts on a worker that it avoids while another one has devices for it", () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        for (const { runId, workerId } of plan(snapshot).starts) {
          const { needs, avoids } = snapshot.queued.find(({ id }) => id === runId)!;
          if (!avoids || avoids.until <= NOW || !avoids.places.includes(workerId)) continue;
          const others = snapshot.devices.filter(
            (each) =>
              each.state === "schedulable" &&
              ![each.workerId, each.id].some((id) => avoids.places.includes(id)) &&
              (needs.kinds.length === 0 || needs.kinds.includes(each.kind)) &&
              needs.labels.every((label) => each.labels.includes(label)),
          );
          // With correction and margin a run takes at most so much more than was predicted.
          const bytes = (needs.memoryBytes ?? 0) * 1.5 * 1.1 + 1;
          for (const name of new Set(others.map((each) => each.workerId))) {
            const best = others
              .filter((each) => each.workerId === name)
              .map(({ memoryBytes }) => memoryBytes)
              .sort((a, b) => b - a);
            expect(fits(best, { devices: needs.devices, bytes, whole: true })).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
