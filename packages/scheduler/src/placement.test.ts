import { describe } from "vitest";
import { device, exactly, GB, history, HOUR, NOW, queued, running, worker } from "./testing/build.ts";
import { table } from "./testing/table.ts";

describe("placement", () => {
  const small = (id: string, gigabytes: number): ReturnType<typeof queued> =>
    queued(id, { needs: { memoryBytes: gigabytes * GB, shares: true } });
  table([
    {
      title: "puts small runs together on one card, with a margin",
      given: { devices: worker("a", 2), queued: [small("r1", 30), small("r2", 30), small("r3", 30)] },
      starts: { r1: ["a0"], r2: ["a0"], r3: ["a1"] },
    },
    {
      title: "shares a card only if both allow it",
      given: {
        devices: worker("a", 1),
        running: [running("r0", { on: ["a0"], bytes: 10 * GB, shares: false })],
        queued: [small("r1", 10)],
      },
      waits: { r1: "waiting-for-device" },
    },
    {
      title: "puts no more than four runs on a card",
      given: { devices: worker("a", 1), queued: [1, 2, 3, 4, 5].map((n) => small(`r${n}`, 1)) },
      starts: { r1: ["a0"], r2: ["a0"], r3: ["a0"], r4: ["a0"] },
    },
    {
      title: "keeps large cards for large runs",
      given: {
        devices: [device("a0"), device("b0", { memoryBytes: 24 * GB })],
        queued: [
          queued("small", { needs: { memoryBytes: 20 * GB } }),
          queued("large", { needs: { memoryBytes: 60 * GB } }),
        ],
      },
      starts: { large: ["a0"], small: ["b0"] },
    },
    {
      title: "says how much memory is missing",
      given: {
        devices: worker("a", 1),
        running: [running("r0", { on: ["a0"], bytes: 50 * GB })],
        queued: [queued("r1", { needs: { memoryBytes: 40 * GB, shares: true } })],
      },
      policy: { memoryMargin: 0 },
      waits: {
        r1: {
          position: 1,
          reason: { code: "waiting-for-memory", needsBytes: 40 * GB, freeBytes: 30 * GB },
          unblockedBy: [{ by: "runs", runIds: ["r0"] }, { by: "request" }],
          expectedStart: exactly(NOW + HOUR),
        },
      },
    },
    {
      title: "corrects predictions by what such runs measured",
      given: {
        devices: worker("a", 2),
        history: [history("train", { memoryRatio: 2 }), history("train/m", { memoryRatio: 1, samples: 1 })],
        queued: [1, 2].map((n) =>
          queued(`r${n}`, {
            historyKeys: ["train/m", "train"],
            needs: { memoryBytes: 20 * GB, shares: true },
          }),
        ),
      },
      starts: { r1: ["a0"], r2: ["a1"] },
    },
    {
      title: "starts nothing on a card that somebody else fills",
      given: {
        devices: [device("a0", { freeBytes: 21 * GB })],
        queued: [queued("r", { needs: { memoryBytes: 70 * GB } })],
      },
      waits: { r: { reason: { code: "waiting-for-memory", freeBytes: 21 * GB }, expectedStart: null } },
    },
    {
      title: "does not count a run's own memory as somebody else's",
      given: {
        devices: [device("a0", { freeBytes: 45 * GB })],
        running: [running("r0", { on: ["a0"], bytes: 30 * GB })],
        queued: [small("r1", 40)],
      },
      starts: { r1: ["a0"] },
    },
    {
      title: "gives a run whose memory is unknown a device of its own",
      given: {
        devices: worker("a", 1),
        running: [running("r0", { on: ["a0"], bytes: GB })],
        queued: [queued("r1", { needs: { memoryBytes: null, shares: true } })],
      },
      waits: { r1: "waiting-for-device" },
    },
    {
      title: "puts a gang on one worker, and where it breaks the least up",
      given: {
        devices: [...worker("a", 4), ...worker("b", 4)],
        running: [running("r0", { on: ["b0"] }), running("r00", { on: ["b1"] })],
        queued: [queued("gang", { needs: { devices: 2 } })],
      },
      starts: { gang: ["b2", "b3"] },
    },
    {
      title: "starts a gang with all its devices or not at all",
      given: {
        devices: [...worker("a", 2), ...worker("b", 2)],
        running: [running("r0", { on: ["a0"] }), running("r1", { on: ["b0"], remaining: exactly(2 * HOUR) })],
        queued: [queued("gang", { needs: { devices: 2 } })],
      },
      keeps: { gang: ["a1", "a0"] },
      waits: {
        gang: {
          reason: { code: "gang-incomplete", needs: 2, available: 1 },
          unblockedBy: [{ by: "runs", runIds: ["r0"] }],
          expectedStart: exactly(NOW + HOUR),
        },
      },
    },
    {
      title: "does not tell a gang that it waits for itself",
      given: {
        devices: [device("a0", { memoryBytes: 24 * GB }), ...["a1", "a2", "a3"].map((id) => device(id))],
        running: [running("r2", { on: ["a2"] }), running("r3", { on: ["a3"] })],
        queued: [
          queued("large", { priority: 1, needs: { devices: 2, memoryBytes: 60 * GB } }),
          queued("small", { duration: exactly(9 * HOUR), needs: { devices: 2, memoryBytes: 10 * GB } }),
        ],
      },
      keeps: { large: ["a1", "a2"], small: ["a0", "a3"] },
      waits: { small: { reason: { code: "held-for-head", runIds: ["large"] } } },
    },
    {
      title: "asks for kinds and for labels",
      given: {
        devices: [
          device("a0", { kind: "cpu" }),
          device("b0", { labels: ["nvlink"] }),
          device("c0", { labels: ["nvlink", "ib"] }),
        ],
        queued: [
          queued("cpu", { needs: { kinds: ["cpu", "webgpu"] } }),
          queued("both", { needs: { labels: ["ib", "nvlink"] } }),
        ],
      },
      starts: { both: ["c0"], cpu: ["a0"] },
    },
    {
      title: "leaves cordoned, draining and lost devices alone",
      given: {
        devices: [
          device("a0", { state: "cordoned" }),
          device("b0", { state: "draining" }),
          device("c0", { state: "lost", labels: ["ib"] }),
        ],
        queued: [queued("r1"), queued("r2", { needs: { labels: ["ib"] } })],
      },
      waits: {
        r1: {
          position: null,
          reason: { code: "device-cordoned", deviceIds: ["a0", "b0"] },
          expectedStart: null,
        },
        r2: { reason: { code: "worker-missing", labels: ["ib"] }, unblockedBy: [{ by: "worker" }] },
      },
    },
    {
      title: "says what no device has",
      given: {
        devices: worker("a", 2),
        queued: [
          queued("big", { needs: { memoryBytes: 100 * GB } }),
          queued("wide", { needs: { devices: 3 } }),
        ],
      },
      policy: { memoryMargin: 0 },
      waits: {
        big: {
          reason: { code: "no-device-fits", needsBytes: 100 * GB, largestBytes: 80 * GB },
          unblockedBy: [{ by: "request" }, { by: "device", deviceIds: [] }],
        },
        wide: { reason: { code: "no-device-fits", needsDevices: 3, mostDevices: 2 }, expectedStart: null },
      },
    },
  ]);
});
