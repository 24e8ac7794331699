import type { Consumer } from "./consumers.ts";
import type { Blocked } from "./blocked.ts";
import type { Candidate } from "./candidate.ts";
import type { PlannedReason, PlannedUnblock, WaitingRun } from "./decisions.ts";
import { fits, mayTake } from "./groups.ts";
import type { Pass } from "./pass.ts";
import type { Holder, DeviceReservation } from "./pool.ts";
import type { Share } from "./fair-share.ts";
import type { Reservation } from "./snapshot.ts";
import type { Eligibility } from "./eligibility.ts";

/** Runs or devices that one explanation names at most. */
const most = 4;
/** A team that has had its fair share, and hardly more, is not behind: it would be told so in one pass and not in the next. */
const noticeable = 1.05;

const none: readonly string[] = [];

export interface Explanation {
  readonly reason: PlannedReason;
  readonly unblockedBy: readonly PlannedUnblock[];
}

const byRuns = (runIds: readonly string[]): PlannedUnblock[] =>
  runIds.length > 0 ? [{ by: "runs", runIds: runIds.slice(0, most) }] : [];

/** Says why runs wait, from what a finished pass has left of the pool. */
export class Reasons {
  readonly #pass: Pass;
  readonly #shares: ReadonlyMap<string, Share>;
  readonly #endingFirst = new Map<Consumer, readonly string[]>();
  /** Runs that start in this pass, or were explained already: of each team, and in all. */
  readonly #before = new Map<Consumer, number>();
  #allBefore = 0;

  constructor(pass: Pass, shares: ReadonlyMap<string, Share>) {
    this.#pass = pass;
    this.#shares = shares;
    for (const { runId } of pass.starts) this.#count(pass.held.get(runId)!.user.team!);
  }

  /** Runs that have devices, or get them now, and are not at work yet. */
  starting(): WaitingRun[] {
    const { starts, pool, now } = this.#pass;
    const claimed = pool.holders.flatMap(({ run, seats }) =>
      run.state === "starting"
        ? [{ runId: run.id, workerId: seats[0]?.device.device.workerId ?? "", at: run.startedAt }]
        : [],
    );
    return [...claimed, ...starts.map(({ runId, workerId }) => ({ runId, workerId, at: now }))].map(
      ({ runId, workerId, at }) => ({
        runId,
        position: null,
        reason: { code: "starting", workerId },
        unblockedBy: [{ by: "worker" }],
        expectedStart: { earliest: at, likely: at, latest: at },
      }),
    );
  }

  #count(team: Consumer): void {
    this.#before.set(team, (this.#before.get(team) ?? 0) + 1);
    this.#allBefore++;
  }

  /** Explains the next run of the order; `ahead` others wait before it. */
  of(block: Blocked, ahead: number): Explanation {
    const explanation = this.#explain(block, ahead);
    this.#count(block.candidate.team);
    return explanation;
  }

  #explain({ candidate, why }: Blocked, ahead: number): Explanation {
    switch (why.kind) {
      case "no-fit":
        return this.misfit(candidate);
      case "held-for-aged":
        return {
          reason: { code: "held-for-aged", runIds: [why.forRunId] },
          unblockedBy: byRuns([why.forRunId]),
        };
      case "quota": {
        const { consumer, quota, needs } = why.refusal;
        const code = consumer.team === null ? "team-quota" : "user-quota";
        if (quota === "devices")
          return {
            reason: { code, quota, limit: consumer.ceiling, used: consumer.units, needs },
            unblockedBy: [
              ...(needs <= consumer.ceiling ? byRuns(this.#endingFirstOf(consumer)) : []),
              { by: "quota" },
            ],
          };
        const { limit, used, endsAt } = consumer.hours!;
        return {
          reason: { code, quota, limit, used: used + consumer.hoursAhead, needs },
          unblockedBy: [...(needs <= limit ? [{ by: "time", at: endsAt } as const] : []), { by: "quota" }],
        };
      }
      case "no-room":
        return this.#room(candidate, why.reservation, ahead);
    }
  }

  /** Explains a run that has no turn yet. */
  ineligible({ run, team }: Candidate, why: Eligibility["ineligible"][number]["why"]): Explanation {
    switch (why) {
      case "not-yet-due":
        return {
          reason: { code: why, at: run.notBefore! },
          unblockedBy: [{ by: "time", at: run.notBefore! }],
        };
      case "queued-runs": {
        const limit = this.#pass.consumers.queueLimits.find(([id]) => id === team.id)![1];
        return {
          reason: { code: "team-quota", quota: why, limit, used: limit, needs: 1 },
          unblockedBy: [{ by: "quota" }],
        };
      }
    }
  }

  /** Explains a run that no schedulable device would ever take. */
  misfit(candidate: Candidate): Explanation {
    const { group, run, bytes } = candidate;
    const { kinds, labels } = run.needs;
    if (fits(group.present, candidate)) {
      const off = this.#pass.pool.devices.filter(
        ({ device }) =>
          (device.state === "cordoned" || device.state === "draining") &&
          (kinds.length === 0 || kinds.includes(device.kind)) &&
          labels.every((label) => device.labels.includes(label)) &&
          device.memoryBytes >= bytes,
      );
      const deviceIds = off.map(({ device }) => device.id).slice(0, most);
      return { reason: { code: "device-cordoned", deviceIds }, unblockedBy: [{ by: "device", deviceIds }] };
    }
    if (fits(group.known, candidate) || group.known.length === 0)
      return { reason: { code: "worker-missing", kinds, labels }, unblockedBy: [{ by: "worker" }] };
    return {
      reason: {
        code: "no-device-fits",
        ...(run.needs.memoryBytes !== null && { needsBytes: bytes }),
        largestBytes: group.known[0]!,
        needsDevices: candidate.devices,
        mostDevices: group.known.length,
      },
      unblockedBy: [{ by: "request" }, { by: "device", deviceIds: [] }],
    };
  }

  #room(candidate: Candidate, reservation: Reservation | null, ahead: number): Explanation {
    const { group, team } = candidate;
    const { groups, now } = this.#pass;
    if (reservation?.promised) return this.#preempting(candidate, reservation);
    const there = reservation === null ? none : this.#tenantsOf(reservation).map(({ run }) => run.id);
    const next: PlannedUnblock[] = there.length > 0 ? byRuns(there) : [{ by: "turn", ahead }];

    const { all } = groups.bounds(group, now);
    if (mayTake(all, candidate) || (candidate.devices > 1 && all.open > 0)) {
      const { available, reservedFor } = this.#available(candidate);
      if (available >= candidate.devices && reservedFor)
        return {
          reason: { code: "held-for-head", runIds: [reservedFor.runId], until: reservedFor.at },
          unblockedBy: [{ by: "time", at: reservedFor.at }],
        };
      if (candidate.devices > 1 && available > 0)
        return {
          reason: { code: "gang-incomplete", needs: candidate.devices, available },
          unblockedBy: next,
        };
    }
    const freeBytes = candidate.whole ? all.idleBytes : all.openBytes;
    if (freeBytes > 0 && candidate.bytes > freeBytes)
      return {
        reason: { code: "waiting-for-memory", needsBytes: candidate.bytes, freeBytes },
        unblockedBy: [...next, { by: "request" }],
      };
    const share = this.#shares.get(team.id);
    const overtaken = this.#allBefore > (this.#before.get(team) ?? 0);
    if (overtaken && share && share.share > noticeable * share.fair)
      return {
        reason: { code: "fair-share-behind", share: share.share, fair: share.fair },
        unblockedBy: next,
      };
    return { reason: { code: "waiting-for-device", matching: group.size, ahead }, unblockedBy: next };
  }

  /** The runs that leave are on its devices, or give its team's quota back. */
  #preempting({ team }: Candidate, reservation: Reservation): Explanation {
    const there = this.#tenantsOf(reservation);
    const leaving = this.#pass.pool.holders.filter(
      (holder) => holder.stopping && (there.includes(holder) || holder.user.team === team),
    );
    const runIds = leaving.map(({ run }) => run.id);
    return { reason: { code: "preempting", runIds, until: reservation.at }, unblockedBy: byRuns(runIds) };
  }

  /** Most devices of one worker that would take the candidate if nothing were kept, and what one of them is kept for. */
  #available(candidate: Candidate): { available: number; reservedFor: DeviceReservation | null } {
    const { sharers } = this.#pass.policy;
    let available = 0;
    let reservedFor: DeviceReservation | null = null;
    for (const devices of candidate.group.workers) {
      let here = 0;
      let kept: DeviceReservation | null = null;
      for (const device of devices) {
        if (!device.admits(candidate, sharers)) continue;
        here++;
        if (device.reservedFor?.runId !== candidate.run.id) kept ??= device.reservedFor;
      }
      if (here > available) [available, reservedFor] = [here, kept];
      if (available >= candidate.devices) break;
    }
    return { available, reservedFor };
  }

  #tenantsOf({ deviceIds }: Reservation): Holder[] {
    const tenants = deviceIds.flatMap((id) => this.#pass.pool.byId.get(id)?.tenants ?? []);
    return [...new Set(tenants.flatMap(({ holder }) => holder ?? []))];
  }

  /** Runs of an consumer in the order in which they are expected to end. */
  #endingFirstOf(consumer: Consumer): readonly string[] {
    const known = this.#endingFirst.get(consumer);
    if (known) return known;
    const own = [...this.#pass.held]
      .filter(([, { user }]) => user === consumer || user.team === consumer)
      .sort(([a, x], [b, y]) => x.remaining.likely - y.remaining.likely || (a < b ? -1 : 1));
    const ids = own.slice(0, most).map(([id]) => id);
    this.#endingFirst.set(consumer, ids);
    return ids;
  }
}
