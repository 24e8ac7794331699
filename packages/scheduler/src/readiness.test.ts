import { describe } from "vitest";
import { exactly, HOUR, MINUTE, NOW, queued, running, worker } from "./testing/build.ts";
import { table } from "./testing/table.ts";

describe("readiness", () => {
  table([
    {
      title: "is a matter of time, and the forecast goes by it",
      given: {
        devices: worker("a", 1),
        queued: [queued("late", { notBefore: NOW + 3 * HOUR })],
      },
      waits: {
        late: {
          position: null,
          reason: { code: "not-yet-due", at: NOW + 3 * HOUR },
          unblockedBy: [{ by: "time", at: NOW + 3 * HOUR }],
          expectedStart: exactly(NOW + 3 * HOUR),
        },
      },
    },
    {
      title: "comes when the time does",
      given: { devices: worker("a", 1), queued: [queued("r", { notBefore: NOW })] },
      starts: { r: ["a0"] },
    },
    {
      title: "tells at once that a run cannot fit, whatever else it waits for",
      given: {
        devices: worker("a", 1),
        queued: [queued("r", { notBefore: NOW + HOUR, needs: { devices: 2 } })],
      },
      waits: { r: "no-device-fits" },
    },
    {
      title: "includes runs that are about to start",
      given: {
        devices: worker("a", 2),
        running: [running("r0", { on: ["a0"], state: "starting", startedAt: NOW - MINUTE })],
        queued: [queued("r1")],
      },
      starts: { r1: ["a1"] },
      waits: {
        r0: {
          position: null,
          reason: { code: "starting", workerId: "a" },
          expectedStart: exactly(NOW - MINUTE),
        },
        r1: { position: null, reason: { code: "starting", workerId: "a" }, expectedStart: exactly(NOW) },
      },
    },
  ]);
});
