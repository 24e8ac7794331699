import fc from "fast-check";
import { priorityClasses } from "@espalier/contract";
import type { Device, Needs, QueuedRun, Range, RunningRun, Snapshot } from "../snapshot.ts";
import { GB, HOUR, keyOfDuration, knownDurations, MINUTE, NOW } from "./build.ts";

const teamId = fc.constantFrom("x", "y", "z");
const userId = fc.constantFrom("u", "v");
const duration: fc.Arbitrary<Range> = fc
  .tuple(fc.nat(90), fc.nat(90), fc.nat(90))
  .map((minutes) => minutes.map((each) => (each + 1) * MINUTE).sort((a, b) => a - b))
  .map(([earliest, likely, latest]) => ({ earliest: earliest!, likely: likely!, latest: latest! }));
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.oneof(fc.constant(null), value);
const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ arbitrary: fc.constant(null), weight: 5 }, { arbitrary: value, weight: 1 });
const ago = (hours: number): fc.Arbitrary<number> =>
  fc.nat(hours * 60).map((minutes) => NOW - minutes * MINUTE);
const historyKeys = fc.oneof(
  duration.map((each) => [keyOfDuration(each)]),
  fc.shuffledSubarray(["train", "prune"]),
);
const subset = (words: string[]): fc.Arbitrary<string[]> => fc.shuffledSubarray(words);

const devices: fc.Arbitrary<Device[]> = fc
  .array(
    fc.array(
      fc.record({
        kind: fc.constantFrom("cuda", "cuda", "cuda", "cpu"),
        labels: subset(["ib", "nvlink"]),
        memoryBytes: fc.constantFrom(24 * GB, 80 * GB),
        freeBytes: seldom(fc.nat(80).map((gigabytes) => gigabytes * GB)),
        state: fc.constantFrom<Device["state"][]>(
          "schedulable",
          "schedulable",
          "schedulable",
          "schedulable",
          "schedulable",
          "schedulable",
          "cordoned",
          "draining",
          "lost",
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((workers) =>
    workers.flatMap((list, w) =>
      list.map((given, i): Device => ({
        id: `d${w}${i}`,
        workerId: `w${w}`,
        ...given,
        freeBytes: given.freeBytes === null ? null : Math.min(given.freeBytes, given.memoryBytes),
      })),
    ),
  );

const needs: fc.Arbitrary<Needs> = fc.record({
  devices: fc.constantFrom(1, 1, 1, 1, 2, 3),
  kinds: fc.constantFrom([], [], [], ["cuda"], ["cpu", "cuda"], ["cpu"]),
  labels: fc.constantFrom([], [], [], [], [], [], ["ib"]),
  memoryBytes: maybe(fc.integer({ min: 0, max: 75 }).map((gigabytes) => gigabytes * GB)),
  shares: fc.boolean(),
});

const avoids: fc.Arbitrary<Pick<QueuedRun, "avoids">> = fc
  .record({ places: subset(["w0", "w1", "w2", "d00", "d10"]), until: fc.constantFrom(NOW, NOW + MINUTE) })
  .map((each) => (each.places.length === 0 ? {} : { avoids: each }));

const submittedRun: fc.Arbitrary<Omit<QueuedRun, "id">> = fc.record({
  teamId,
  userId,
  class: fc.constantFrom(...priorityClasses),
  priority: fc.integer({ min: -1, max: 1 }),
  queuedAt: ago(50),
  notBefore: seldom(fc.constantFrom(NOW - HOUR, NOW + HOUR)),
  needs,
  historyKeys,
});

const limit: fc.Arbitrary<Pick<QueuedRun, "wallMs">> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 3 },
  {
    arbitrary: fc.record({ wallMs: fc.integer({ min: 0, max: 3 * 60 }).map((minutes) => minutes * MINUTE) }),
    weight: 1,
  },
);

const queuedRun: fc.Arbitrary<Omit<QueuedRun, "id">> = fc
  .tuple(
    submittedRun,
    fc.oneof({ arbitrary: fc.constant({}), weight: 2 }, { arbitrary: avoids, weight: 1 }),
    limit,
  )
  .map(([run, avoids, limit]) => ({ ...run, ...avoids, ...limit }));

/** A running run before it is given devices; `first` picks the worker. */
interface Wish {
  readonly run: Omit<RunningRun, "id" | "stopsBy" | "allocations">;
  readonly first: number;
  readonly count: number;
  readonly bytes: number | null;
}

const wish: fc.Arbitrary<Wish> = fc.record({
  run: fc.record({
    teamId,
    userId,
    class: fc.constantFrom(...priorityClasses),
    state: fc.constantFrom<RunningRun["state"][]>("running", "running", "running", "starting", "stopping"),
    startedAt: ago(3),
    shares: fc.boolean(),
    historyKeys,
    secondsSinceCheckpoint: fc.nat(3600),
    borrowing: fc.boolean(),
    aged: fc.constantFrom(false, false, false, false, true),
  }),
  first: fc.nat(),
  count: fc.integer({ min: 1, max: 2 }),
  bytes: maybe(fc.integer({ min: 1, max: 40 }).map((gigabytes) => gigabytes * GB)),
});

/** Puts running runs on devices of one worker that still have room, so that the pool is one that can come about. */
function seated(pool: readonly Device[], wishes: readonly Wish[]): RunningRun[] {
  const taken = new Map<string, { bytes: number; count: number; whole: boolean }>();
  return wishes.flatMap(({ run, first, count, bytes }, i) => {
    const start = pool[first % Math.max(1, pool.length)];
    const whole = !run.shares || bytes === null;
    const held = bytes ?? 0;
    const free = pool.filter((device) => {
      if (device.workerId !== start?.workerId) return false;
      const there = taken.get(device.id);
      if (!there) return held <= device.memoryBytes;
      return !whole && !there.whole && there.count < 4 && there.bytes + held <= device.memoryBytes;
    });
    if (free.length < count) return [];
    const seats = free.slice(0, count);
    for (const device of seats) {
      const there = taken.get(device.id) ?? { bytes: 0, count: 0, whole: false };
      taken.set(device.id, {
        bytes: there.bytes + held,
        count: there.count + 1,
        whole: there.whole || whole,
      });
    }
    return {
      ...run,
      id: `r${i}`,
      stopsBy: run.state === "stopping" ? NOW + MINUTE : null,
      allocations: seats.map(({ id, memoryBytes }) => ({
        deviceId: id,
        reservedBytes: bytes,
        units: whole ? 1 : bytes / memoryBytes,
      })),
    };
  });
}

const units = maybe(fc.nat(6));
const hours = seldom(
  fc.record({ limit: fc.nat(20), used: fc.nat(20), endsAt: fc.constantFrom(NOW + 1, NOW + HOUR) }),
);
const usage = fc.nat(100_000);
const weight = fc.constantFrom(1, 2, 0.5);

/** Pools that can come about, with everything in them that a plan must heed. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({
    devices,
    queued: fc.array(queuedRun, { maxLength: 20 }),
    wishes: fc.array(wish, { maxLength: 16 }),
    teams: fc.uniqueArray(
      fc.record({
        id: teamId,
        weight,
        usage,
        quota: maybe(fc.record({ devices: units, borrowing: units, queuedRuns: units, deviceHours: hours })),
      }),
      { selector: ({ id }) => id },
    ),
    users: fc.uniqueArray(
      fc.record({
        id: userId,
        teamId,
        weight,
        usage,
        quota: maybe(fc.record({ devices: units, deviceHours: hours })),
      }),
      { selector: ({ id, teamId }) => `${teamId}/${id}` },
    ),
    history: fc.uniqueArray(
      fc.record({
        key: fc.constantFrom("train", "prune"),
        samples: fc.nat(6),
        duration,
        memoryRatio: maybe(fc.constantFrom(0.5, 1, 1.5)),
      }),
      { selector: ({ key }) => key },
    ),
    kept: fc.uniqueArray(
      fc.record({
        run: fc.nat(12),
        devices: fc.shuffledSubarray(["d00", "d01", "d10", "d20"]),
        promised: fc.boolean(),
      }),
      { maxLength: 3, selector: ({ run }) => run },
    ),
  })
  .map(({ wishes, kept, queued, ...rest }) => ({
    ...rest,
    now: NOW,
    queued: queued.map((run, i) => ({ ...run, id: `q${i}` })),
    running: seated(rest.devices, wishes),
    history: [...rest.history, ...knownDurations([...queued, ...wishes.map(({ run }) => run)])],
    reservations: kept.map(({ run, devices, promised }) => ({
      runId: `q${run}`,
      deviceIds: devices,
      at: NOW,
      promised,
    })),
  }));

/** The same snapshot with every list in another order. */
export const shuffled = (given: Snapshot): fc.Arbitrary<Snapshot> => {
  const shuffle = <T>(items: readonly T[]): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray([...items], { minLength: items.length });
  return fc.record({
    now: fc.constant(given.now),
    devices: shuffle(given.devices),
    queued: shuffle(given.queued),
    running: shuffle(given.running.map((run) => ({ ...run, allocations: [...run.allocations].reverse() }))),
    teams: shuffle(given.teams),
    users: shuffle(given.users),
    history: shuffle(given.history),
    reservations: shuffle(given.reservations),
  });
};
