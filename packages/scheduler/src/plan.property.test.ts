import fc from "fast-check";
import { expect, test } from "vitest";
import type { Decisions } from "./decisions.ts";
import { plan } from "./plan.ts";
import { defaultPolicy } from "./policy.ts";
import type { Allocation, Device, QueuedRun, Range, RunningRun, Snapshot } from "./snapshot.ts";
import { anySnapshot, shuffled } from "./testing/arbitrary.ts";
import { NOW } from "./testing/build.ts";

/** Checks decisions against the snapshot alone, with none of the plan's own code. */
class Verifier {
  readonly snapshot: Snapshot;
  readonly decisions: Decisions;
  readonly devices: Map<string, Device>;
  readonly queued: Map<string, QueuedRun>;

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot;
    this.decisions = plan(snapshot);
    this.devices = new Map(snapshot.devices.map((device) => [device.id, device]));
    this.queued = new Map(snapshot.queued.map((run) => [run.id, run]));
  }

  startsWithRuns(): { run: QueuedRun; start: Decisions["starts"][number] }[] {
    return this.decisions.starts.map((start) => ({ run: this.queued.get(start.runId)!, start }));
  }

  units(allocations: readonly Pick<Allocation, "deviceId" | "reservedBytes">[], shares: boolean): number {
    return allocations.reduce((sum, { deviceId, reservedBytes }) => {
      const { memoryBytes } = this.devices.get(deviceId)!;
      return sum + (shares && reservedBytes !== null ? Math.min(1, reservedBytes / memoryBytes) : 1);
    }, 0);
  }

  durationOf(run: QueuedRun | RunningRun): Range {
    const known = run.historyKeys
      .map((key) => this.snapshot.history.find((each) => each.key === key))
      .find((each) => each && each.samples >= defaultPolicy.minSamples);
    const { earliest, likely, latest } = known?.duration ?? defaultPolicy.unknownDuration;
    const most = (run.wallMs ?? Infinity) + defaultPolicy.graceMs;
    return {
      earliest: Math.min(earliest, most),
      likely: Math.min(likely, most),
      latest: Math.min(latest, most),
    };
  }

  heldBy(run: RunningRun): number {
    return this.units(run.allocations, run.shares);
  }
}

const holds = (check: (verifier: Verifier) => void): void =>
  fc.assert(
    fc.property(anySnapshot, (snapshot) => check(new Verifier(snapshot))),
    { numRuns: 300 },
  );

test("the order of the snapshot's lists does not matter", () => {
  fc.assert(
    fc.property(
      anySnapshot.chain((given) => fc.tuple(fc.constant(given), shuffled(given))),
      ([given, other]) => {
        expect(plan(other)).toEqual(plan(given));
      },
    ),
    { numRuns: 300 },
  );
});

test("leaving explanations out changes no decision", () => {
  holds(({ snapshot, decisions: { starts, preemptions, reservations } }) => {
    const { waiting, ...rest } = plan(snapshot, { ...defaultPolicy, explain: false });
    expect(waiting).toEqual([]);
    expect(rest).toEqual({ starts, preemptions, reservations });
  });
});

test("every queued run starts or is explained, once; positions count from 1; ranges are in order", () => {
  holds(({ snapshot, decisions: { starts, waiting } }) => {
    const starting = snapshot.running.filter(({ state }) => state === "starting");
    expect(waiting.map(({ runId }) => runId).sort()).toEqual(
      [...snapshot.queued, ...starting].map(({ id }) => id).sort(),
    );
    const started = new Set(starts.map(({ runId }) => runId));
    for (const { runId, reason } of waiting)
      expect(reason.code === "starting").toBe(started.has(runId) || runId.startsWith("r"));
    const positions = waiting.flatMap(({ position }) => position ?? []);
    expect(positions).toEqual(positions.map((_, i) => i + 1));
    for (const { expectedStart, unblockedBy } of waiting) {
      expect(unblockedBy.length).toBeGreaterThan(0);
      if (!expectedStart) continue;
      expect(expectedStart.earliest).toBeLessThanOrEqual(expectedStart.likely);
      expect(expectedStart.likely).toBeLessThanOrEqual(expectedStart.latest);
    }
  });
});

test("a run gets as many devices as it asked for, each counted by the part that it takes, of one worker, schedulable, of its kinds and labels", () => {
  holds((verifier) => {
    for (const { run, start } of verifier.startsWithRuns()) {
      const units = start.allocations.reduce((sum, each) => sum + each.units, 0);
      expect(units).toBeCloseTo(verifier.units(start.allocations, run.needs.shares), 9);
      const devices = start.allocations.map(({ deviceId }) => verifier.devices.get(deviceId)!);
      expect(new Set(devices).size).toBe(run.needs.devices);
      for (const { workerId, state, kind, labels } of devices) {
        expect([workerId, state]).toEqual([start.workerId, "schedulable"]);
        expect(run.needs.kinds.length === 0 || run.needs.kinds.includes(kind)).toBe(true);
        expect(run.needs.labels.every((label) => labels.includes(label))).toBe(true);
      }
      expect(run.notBefore ?? 0).toBeLessThanOrEqual(NOW);
    }
  });
});

test("no device is given twice, and none more memory than it has free", () => {
  holds((verifier) => {
    for (const device of verifier.snapshot.devices) {
      const there = verifier.snapshot.running.flatMap((run) =>
        run.allocations
          .filter(({ deviceId }) => deviceId === device.id)
          .map(({ reservedBytes }) => ({
            whole: !run.shares || reservedBytes === null,
            bytes: reservedBytes ?? device.memoryBytes,
          })),
      );
      const more = verifier.startsWithRuns().flatMap(({ run, start }) =>
        start.allocations
          .filter(({ deviceId }) => deviceId === device.id)
          .map(({ reservedBytes }) => ({
            whole: !run.needs.shares || reservedBytes === null,
            bytes: reservedBytes ?? 0,
          })),
      );
      if (more.length === 0) continue;
      const all = [...there, ...more];
      if (all.some(({ whole }) => whole)) expect(all.length).toBe(1);
      expect(all.length).toBeLessThanOrEqual(defaultPolicy.sharers);
      const held = there.reduce((sum, { bytes }) => sum + bytes, 0);
      const used = device.freeBytes === null ? 0 : device.memoryBytes - device.freeBytes;
      const given = more.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(Math.max(held, used) + given).toBeLessThanOrEqual(device.memoryBytes);
    }
  });
});

test("a start reserves at least the predicted memory, corrected, with the margin", () => {
  holds((verifier) => {
    for (const { run, start } of verifier.startsWithRuns()) {
      const { memoryBytes } = run.needs;
      const known = run.historyKeys
        .map((key) => verifier.snapshot.history.find((each) => each.key === key))
        .find((each) => each && each.samples >= defaultPolicy.minSamples);
      for (const { reservedBytes } of start.allocations)
        expect(reservedBytes).toBe(
          memoryBytes === null ? null : Math.ceil(memoryBytes * (known?.memoryRatio ?? 1) * 1.1),
        );
    }
  });
});

test("no start exceeds a quota, except that a team borrows as far as it may, and then says so", () => {
  holds((verifier) => {
    const { snapshot } = verifier;
    for (const team of snapshot.teams) {
      const limit = team.quota?.devices ?? null;
      if (limit === null) continue;
      let units = snapshot.running
        .filter(({ teamId }) => teamId === team.id)
        .reduce((sum, run) => sum + verifier.heldBy(run), 0);
      for (const { run, start } of verifier.startsWithRuns()) {
        if (run.teamId !== team.id) continue;
        units += verifier.units(start.allocations, run.needs.shares);
        expect(units).toBeLessThanOrEqual(limit + (team.quota!.borrowing ?? Infinity) + 1e-6);
        if (units > limit + 1e-6) expect(start.borrowing).toBe(true);
      }
    }
    for (const user of snapshot.users) {
      const limit = user.quota?.devices ?? null;
      const own = verifier
        .startsWithRuns()
        .filter(({ run }) => run.teamId === user.teamId && run.userId === user.id);
      if (limit === null || own.length === 0) continue;
      const held = snapshot.running
        .filter(({ teamId, userId }) => teamId === user.teamId && userId === user.id)
        .reduce((sum, run) => sum + verifier.heldBy(run), 0);
      const more = own.reduce(
        (sum, { run, start }) => sum + verifier.units(start.allocations, run.needs.shares),
        0,
      );
      expect(held + more).toBeLessThanOrEqual(limit + 1e-6);
    }
    for (const consumer of [...snapshot.teams, ...snapshot.users]) {
      const budget = consumer.quota?.deviceHours;
      if (!budget || budget.used < budget.limit) continue;
      const own = ({ run }: { run: QueuedRun }): boolean =>
        "teamId" in consumer
          ? run.teamId === consumer.teamId && run.userId === consumer.id
          : run.teamId === consumer.id;
      for (const { run, start } of verifier.startsWithRuns().filter(own))
        expect(verifier.units(start.allocations, run.needs.shares)).toBe(0);
    }
  });
});

test("who is asked to leave may be, for a run that may ask", () => {
  const rank = { urgent: 2, normal: 1, idle: 0 };
  holds(({ snapshot, decisions, queued }) => {
    expect(new Set(decisions.preemptions.map(({ runId }) => runId)).size).toBe(decisions.preemptions.length);
    for (const { runId, forRunId, reason, atRisk } of decisions.preemptions) {
      const victim = snapshot.running.find(({ id }) => id === runId)!;
      const winner = queued.get(forRunId)!;
      expect([victim.state, victim.aged]).toEqual(["running", false]);
      expect(NOW - victim.startedAt).toBeGreaterThanOrEqual(defaultPolicy.minRunMs);
      expect(atRisk).toBeGreaterThanOrEqual(0);
      const victimRank = victim.borrowing ? Math.min(1, rank[victim.class]) : rank[victim.class];
      if (reason === "higher-class") expect(victimRank).toBeLessThan(rank[winner.class]);
      else {
        expect(victimRank).toBeLessThanOrEqual(rank[winner.class]);
        expect(victim.teamId).not.toBe(winner.teamId);
      }
    }
  });
});

test("nobody is asked to leave in vain: without any one of them a device or the quota would not be free", () => {
  holds((verifier) => {
    const { decisions, snapshot, queued } = verifier;
    const tenants = (deviceId: string, gone: readonly string[]): number =>
      [...snapshot.running, ...decisions.starts].filter(
        (run) =>
          !("id" in run && gone.includes(run.id)) &&
          run.allocations.some((allocation) => allocation.deviceId === deviceId),
      ).length;
    /** Whether a team holds, or is kept, more than its quota when these have gone. */
    const isBeyond = (teamId: string, gone: readonly string[]): boolean => {
      const limit = snapshot.teams.find(({ id }) => id === teamId)?.quota?.devices ?? Infinity;
      const stay = snapshot.running.filter((run) => run.teamId === teamId && !gone.includes(run.id));
      const started = verifier.startsWithRuns().filter(({ run }) => run.teamId === teamId);
      const kept = decisions.reservations.filter(({ runId }) => queued.get(runId)!.teamId === teamId);
      const units =
        stay.reduce((sum, run) => sum + verifier.heldBy(run), 0) +
        started.reduce(
          (sum, { run, start }) => sum + verifier.units(start.allocations, run.needs.shares),
          0,
        ) +
        kept.reduce((sum, { deviceIds }) => sum + deviceIds.length, 0);
      return units > limit;
    };
    for (const { runId, deviceIds } of decisions.reservations) {
      const asked = decisions.preemptions.filter(({ forRunId }) => forRunId === runId);
      const { shares, memoryBytes } = queued.get(runId)!.needs;
      if (asked.length === 0 || (shares && memoryBytes !== null)) continue;
      const gone = [
        ...snapshot.running.flatMap(({ id, state }) => (state === "stopping" ? id : [])),
        ...decisions.preemptions.map(({ runId }) => runId),
      ];
      expect(deviceIds.map((id) => tenants(id, gone))).toEqual(deviceIds.map(() => 0));
      for (const { runId: one } of asked) {
        const others = gone.filter((id) => id !== one);
        const devicesLack = deviceIds.some((id) => tenants(id, others) > 0);
        const own = snapshot.running.find(({ id }) => id === one)!.teamId === queued.get(runId)!.teamId;
        expect(devicesLack || (own && isBeyond(queued.get(runId)!.teamId, others))).toBe(true);
      }
    }
  });
});

test("reservations keep different devices, as many as their run needs, of one worker", () => {
  holds(({ decisions, queued, devices }) => {
    const kept = decisions.reservations.flatMap(({ deviceIds }) => deviceIds);
    expect(new Set(kept).size).toBe(kept.length);
    for (const { runId, deviceIds, at } of decisions.reservations) {
      expect(deviceIds.length).toBe(queued.get(runId)!.needs.devices);
      expect(new Set(deviceIds.map((id) => devices.get(id)!.workerId)).size).toBe(1);
      expect(at).toBeGreaterThanOrEqual(NOW);
    }
  });
});

test("when a reservation falls due, its devices have room for its run beside all who are expected to be there", () => {
  holds((verifier) => {
    const { decisions, queued, snapshot, devices } = verifier;
    const leave = new Set(decisions.preemptions.map(({ runId }) => runId));
    for (const { runId, deviceIds, at } of decisions.reservations) {
      const { needs } = queued.get(runId)!;
      const alone = !needs.shares || needs.memoryBytes === null;
      for (const deviceId of deviceIds) {
        const started = verifier.startsWithRuns().flatMap(({ run, start }) => {
          const { likely } = verifier.durationOf(run);
          if (NOW + likely <= at) return [];
          return start.allocations.filter((each) => each.deviceId === deviceId);
        });
        const running = snapshot.running.flatMap((run) => {
          // A run that takes longer than is likely may end at any time; this test does not look at it.
          const goes =
            leave.has(run.id) ||
            run.state === "stopping" ||
            run.startedAt + verifier.durationOf(run).likely <= at;
          return goes ? [] : run.allocations.filter((each) => each.deviceId === deviceId);
        });
        const there = [...started, ...running];
        if (alone) expect(there).toEqual([]);
        const held = there.reduce((sum, { reservedBytes }) => sum + (reservedBytes ?? 0), 0);
        expect(held).toBeLessThanOrEqual(devices.get(deviceId)!.memoryBytes);
      }
    }
  });
});
