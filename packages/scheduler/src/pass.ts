import { classCharge } from "@espalier/contract";
import { charge, hold, isBeyond, leave, openConsumers, type Consumers } from "./consumers.ts";
import { candidateOf, isCandidate, type Candidate } from "./candidate.ts";
import type { Start } from "./decisions.ts";
import { historyOf, type HistoryByKey } from "./duration.ts";
import { DeviceGroups } from "./groups.ts";
import { older, type Turn } from "./order.ts";
import { rankOf, type Policy } from "./policy.ts";
import { openPool, type DeviceState, type Pool } from "./pool.ts";
import { earliest, soonest, type Option } from "./soonest.ts";
import type { History, Instant, QueuedRun, Reservation, Snapshot } from "./snapshot.ts";
import type { Held } from "./timeline.ts";

/** One pass: the pool as it is, what has been decided so far, and the decisions that can be made. */
export class Pass {
  readonly now: Instant;
  readonly policy: Policy;
  readonly history: HistoryByKey;
  readonly consumers: Consumers;
  readonly pool: Pool;
  readonly groups: DeviceGroups;
  /** Runs that hold devices, or start now. */
  readonly held = new Map<string, Held>();
  readonly starts: Start[] = [];
  readonly reservations: Reservation[] = [];
  /** Whether a run of the order was left waiting for devices. */
  anyWaits = false;
  readonly #known = new Map<readonly string[], History | undefined>();
  readonly #prior: ReadonlyMap<string, Reservation>;
  #reserved = 0;
  #room = { version: -1, any: true };

  constructor(snapshot: Snapshot, policy: Policy) {
    this.now = snapshot.now;
    this.policy = policy;
    this.history = new Map(snapshot.history.map((history) => [history.key, history]));
    this.consumers = openConsumers(snapshot);
    this.pool = openPool(
      snapshot,
      ({ teamId, userId }) => this.consumers.user(teamId, userId),
      this.history,
      policy,
    );
    this.groups = new DeviceGroups(this.pool, policy.sharers);
    this.#prior = new Map(snapshot.reservations.map((reservation) => [reservation.runId, reservation]));
    for (const { run, user, units, remaining, stopping } of this.pool.holders) {
      hold(user, units, remaining.likely / 1000);
      charge(user, (classCharge[run.class] * units * remaining.likely) / 1000);
      if (stopping) leave(user, units);
      this.held.set(run.id, { user, units, remaining });
    }
  }

  candidate(turn: Turn): Candidate {
    return isCandidate(turn) ? turn : candidateOf(turn, this.groups, this.#knownOf(turn.run), this);
  }

  /** Runs of one kind and model come with one list of keys, so that it is looked up once. */
  #knownOf({ historyKeys }: QueuedRun): History | undefined {
    if (this.#known.has(historyKeys)) return this.#known.get(historyKeys);
    const known = historyOf(historyKeys, this.history, this.policy);
    this.#known.set(historyKeys, known);
    return known;
  }

  /** Device units that a candidate takes of these devices. */
  unitsOn(devices: readonly DeviceState[], { whole, bytes }: Candidate): number {
    return devices.reduce((sum, device) => sum + device.unitsOf(whole ? null : bytes), 0);
  }

  start(candidate: Candidate, devices: readonly DeviceState[], { aged }: { aged: boolean }): void {
    const { run, user, team, bytes, whole, duration } = candidate;
    const units = this.unitsOn(devices, candidate);
    const borrowing = isBeyond(team, units);
    for (const device of devices) {
      const { reservedFor } = device;
      if (reservedFor && this.now + duration.latest > reservedFor.at) {
        reservedFor.spareBytes -= bytes;
        reservedFor.spareSeats -= 1;
      }
      device.admit({ bytes, whole, remaining: duration, holder: null });
    }
    this.pool.version++;
    hold(user, units, duration.likely / 1000);
    this.charge(candidate, units);
    this.held.set(run.id, { user, units, remaining: duration });
    const unknown = run.needs.memoryBytes === null;
    this.starts.push({
      runId: run.id,
      workerId: devices[0]!.device.workerId,
      allocations: devices.map((device) => ({
        deviceId: device.device.id,
        reservedBytes: unknown ? null : bytes,
        units: device.unitsOf(whole ? null : bytes),
      })),
      borrowing,
      aged,
      backfilled: this.anyWaits,
    });
  }

  /** Moves the candidate's user and team back in the order, as if it had started. */
  charge({ run, user, duration }: Candidate, units: number): void {
    charge(user, (classCharge[run.class] * units * duration.likely) / 1000);
  }

  /**
   * Reserves the devices that a waiting candidate is expected to get first, unless there are enough reservations. A
   * reservation of the last pass stays where it is unless another is better by more than `minGainMs`; a strict one stays.
   */
  reserve(candidate: Candidate, { strict }: { strict: boolean }): Reservation | undefined {
    if (!strict && this.#reserved >= this.policy.reservations) return undefined;
    const { sharers, minGainMs } = this.policy;
    const best = earliest(candidate.group, candidate, sharers);
    const again = this.reservedBefore(candidate);
    const stays = again && (strict || !best || again.afterMs <= best.afterMs + minGainMs);
    const option = stays ? again : best;
    if (!option) return undefined;
    if (!strict) this.#reserved++;
    return this.reserveDevices(candidate, option, { strict, promised: false });
  }

  /** The turns of runs for which others were asked to leave, higher classes first, then by age. */
  promisedOf(turns: readonly Turn[]): Turn[] {
    const promised = new Set<string>();
    for (const { runId, promised: isPromised } of this.#prior.values()) if (isPromised) promised.add(runId);
    if (promised.size === 0) return [];
    const rank = ({ run }: Turn): number => rankOf({ class: run.class, borrowing: false });
    return turns
      .filter(({ run }) => promised.has(run.id))
      .sort((a, b) => rank(b) - rank(a) || older(a.run, b.run));
  }

  /** The devices that the last pass has reserved for a candidate, if they still belong to one worker and still serve. */
  reservedBefore(candidate: Candidate): Option | undefined {
    const { group, run, devices: count } = candidate;
    const prior = this.#prior.get(run.id)?.deviceIds.map((id) => this.pool.byId.get(id));
    const worker = prior?.[0] && group.workers.find((devices) => devices.includes(prior[0]!));
    if (!prior || !worker || prior.length !== count) return undefined;
    return soonest(
      worker.filter((device) => prior.includes(device)),
      candidate,
      this.policy.sharers,
    );
  }

  reserveDevices(
    candidate: Candidate,
    { devices, afterMs }: Option,
    { strict, promised }: { strict: boolean; promised: boolean },
  ): Reservation {
    const { run, user, duration } = candidate;
    const at = this.now + Math.round(afterMs);
    for (const device of devices)
      device.reserveFor(run.id, candidate, { now: this.now, afterMs, strict }, this.policy.sharers);
    this.pool.version++;
    // Its quota is reserved with its devices, or a later run of its team could use it up.
    hold(user, this.unitsOn(devices, candidate), duration.likely / 1000);
    const reservation = { runId: run.id, deviceIds: devices.map(({ device }) => device.id), at, promised };
    this.reservations.push(reservation);
    return reservation;
  }

  /** Whether any device may take another run, or may still be reserved for one. */
  get isOpen(): boolean {
    if (this.#reserved < this.policy.reservations) return true;
    if (this.#room.version !== this.pool.version)
      this.#room = { version: this.pool.version, any: this.pool.devices.some(hasRoom, this.policy) };
    return this.#room.any;
  }
}

/** Whether a device may take another run, if that is small enough. */
function hasRoom(this: Policy, { device, isIdle, room, tenants, reservedFor }: DeviceState): boolean {
  if (device.state !== "schedulable" || reservedFor?.strict) return false;
  return isIdle || (room > 0 && tenants.length < this.sharers);
}
