import { charge, hold, isBeyond, openAccounts, type Accounts } from "./accounts.ts";
import { candidateOf, type Candidate } from "./candidate.ts";
import type { Preemption, Start } from "./decisions.ts";
import type { HistoryByKey } from "./duration.ts";
import { DeviceGroups } from "./groups.ts";
import type { Turn } from "./order.ts";
import { rankOf, type Policy, type PriorityClass } from "./policy.ts";
import { openPool, type DeviceState, type Holder, type Pool } from "./pool.ts";
import { atRisk, claimOn, evictionFor, makeWay, mayStop } from "./preempt.ts";
import { earliest, soonest, type Option } from "./reserve.ts";
import type { Instant, Reservation, Snapshot } from "./snapshot.ts";
import type { Held } from "./timeline.ts";

/** One pass: the pool as it is, what is decided so far, and the moves that can be made. */
export class Pass {
  readonly now: Instant;
  readonly policy: Policy;
  readonly history: HistoryByKey;
  readonly accounts: Accounts;
  readonly pool: Pool;
  readonly groups: DeviceGroups;
  /** Runs that hold devices, or start now. */
  readonly held = new Map<string, Held>();
  readonly starts: Start[] = [];
  readonly preemptions: Preemption[] = [];
  readonly reservations: Reservation[] = [];
  /** Whether a run of the order was left waiting for devices. */
  anyWaits = false;
  readonly #prior: ReadonlyMap<string, Reservation>;
  #kept = 0;
  #preemptors = 0;
  #tries = 0;
  #room = { version: -1, any: true };
  /** Running runs that may be asked to leave. */
  readonly #stoppable: readonly Holder[];

  constructor(snapshot: Snapshot, now: Instant, policy: Policy) {
    this.now = now;
    this.policy = policy;
    this.history = new Map(snapshot.history.map((history) => [history.key, history]));
    this.accounts = openAccounts(snapshot, now, policy);
    this.pool = openPool(
      snapshot,
      ({ teamId, userId }) => this.accounts.user(teamId, userId),
      this.history,
      now,
      policy,
    );
    this.groups = new DeviceGroups(this.pool, policy.sharers);
    this.#prior = new Map(snapshot.reservations.map((reservation) => [reservation.runId, reservation]));
    this.#stoppable = this.pool.holders.filter((holder) => mayStop(holder, now, policy));
    for (const { run, user, units, remaining, stopping } of this.pool.holders) {
      hold(user, units, remaining.likely / 1000);
      charge(user, (policy.charge[run.class] * units * remaining.likely) / 1000);
      if (stopping) user.team!.leaving += units;
      this.held.set(run.id, { user, units, remaining });
    }
  }

  candidate(turn: Turn): Candidate {
    return candidateOf(turn, this.groups, this.history, this.policy);
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
      const { keep } = device;
      if (keep && this.now + duration.latest > keep.at) {
        keep.spareBytes -= bytes;
        keep.spareSeats -= 1;
      }
      device.tenants.push({ bytes, whole, remaining: duration, holder: null });
    }
    this.pool.version++;
    hold(user, units, duration.likely / 1000);
    this.charge(candidate, units);
    this.held.set(run.id, { user, units, remaining: duration });
    const unknown = run.needs.memoryBytes === null;
    this.starts.push({
      runId: run.id,
      workerId: devices[0]!.device.workerId,
      allocations: devices.map(({ device }) => ({
        deviceId: device.id,
        reservedBytes: unknown ? null : bytes,
      })),
      borrowing,
      aged,
      backfilled: this.anyWaits,
    });
  }

  /** Moves the candidate's user and team back in the order, as if it had started. */
  charge({ run, user, duration }: Candidate, units: number): void {
    charge(user, (this.policy.charge[run.class] * units * duration.likely) / 1000);
  }

  /**
   * Keeps the devices that a waiting candidate is expected to get first, if reservations are left. One that stands
   * from the last pass stays where it is unless another is better by more than `minGainMs`; a strict one stays.
   */
  reserve(candidate: Candidate, { strict }: { strict: boolean }): Reservation | undefined {
    // Devices that others were asked to leave for it are kept in any case.
    const stands = this.#prior.has(candidate.run.id);
    const full = this.#kept >= this.policy.reservations;
    if (full && !strict && !stands) return undefined;
    const option = this.#option(candidate, strict);
    if (!option) return undefined;
    const promised = option.devices.some(({ tenants }) => tenants.some(({ holder }) => holder?.stopping));
    if (full && !strict && !promised) return undefined;
    if (!strict && !promised) this.#kept++;
    return this.#keep(candidate, option, strict);
  }

  #option(candidate: Candidate, strict: boolean): Option | undefined {
    const { run, group } = candidate;
    const { sharers, minGainMs } = this.policy;
    const best = earliest(group, candidate, sharers);
    const prior = this.#prior.get(run.id)?.deviceIds.map((id) => this.pool.byId.get(id));
    const worker = prior?.[0] && group.workers.find((devices) => devices.includes(prior[0]!));
    if (!prior || !worker || prior.length !== candidate.devices) return best;
    const devices = worker.filter((device) => device.keep === null && prior.includes(device));
    const again = soonest(devices, candidate, sharers);
    return again && (strict || !best || again.afterMs <= best.afterMs + minGainMs) ? again : best;
  }

  #keep(candidate: Candidate, { devices, afterMs }: Option, strict: boolean): Reservation {
    const { run, user, duration } = candidate;
    const at = this.now + Math.round(afterMs);
    for (const device of devices)
      device.keepFor(run.id, candidate, { now: this.now, afterMs, strict }, this.policy.sharers);
    this.pool.version++;
    // Its quota is kept with its devices, or a later run of its team could take that.
    hold(user, this.unitsOn(devices, candidate), duration.likely / 1000);
    const reservation = { runId: run.id, deviceIds: devices.map(({ device }) => device.id), at };
    this.reservations.push(reservation);
    return reservation;
  }

  /** Asks the cheapest lesser runs, or borrowers of its team's quota, to leave for the candidate. */
  preempt(candidate: Candidate): Reservation | undefined {
    if (!this.preemptorsLeft || !this.#hasClaim(candidate)) return undefined;
    const { group } = candidate;
    const { sharers, graceMs, minGainMs } = this.policy;
    this.#tries++;
    const wait = earliest(group, candidate, sharers)?.afterMs ?? Infinity;
    if (wait <= graceMs + minGainMs) return undefined;
    const allowed = this.#stoppable.filter((holder) => claimOn(candidate, holder) && !holder.stopping);
    const eviction = evictionFor(candidate, sharers, new Set(allowed));
    if (!eviction || !this.#mayReclaim(candidate, eviction.holders)) return undefined;
    this.#preemptors++;
    for (const holder of eviction.holders) this.#stop(holder, candidate);
    const option = soonest(eviction.devices, candidate, sharers);
    return option && this.#keep(candidate, option, true);
  }

  #hasClaim(candidate: Candidate): boolean {
    for (const holder of this.#stoppable)
      if (!holder.stopping && claimOn(candidate, holder) !== undefined) return true;
    return false;
  }

  /** A team gives back no more runs than bring it to its own quota. */
  #mayReclaim(candidate: Candidate, holders: readonly Holder[]): boolean {
    const counted: Holder[] = [];
    const all = holders.every((holder) => {
      if (claimOn(candidate, holder) === undefined) return false;
      holder.user.team!.leaving += holder.units;
      return counted.push(holder);
    });
    for (const { user, units } of counted) user.team!.leaving -= units;
    return all;
  }

  /**
   * Asks the team's own lesser runs to leave when its quota is what the candidate lacks.
   * @returns runs of the team that are leaving, asked now or before; none where that would not help
   */
  makeWay(candidate: Candidate): readonly string[] {
    const { team, user, units, duration } = candidate;
    if (team.devices === null || units > team.devices || !this.preemptorsLeft) return [];
    this.#tries++;
    const over = team.units - team.leaving + units - team.devices - 1e-9;
    if (over > 0) {
      const holders = this.#ownVictims(candidate, over);
      if (!holders) return [];
      this.#preemptors++;
      for (const holder of holders) this.#stop(holder, candidate);
    }
    // What leaves for it is its own, and not the next run's.
    hold(user, units, duration.likely / 1000);
    return this.pool.holders.flatMap((holder) =>
      holder.stopping && holder.user.team === team ? holder.run.id : [],
    );
  }

  /** Undefined also where enough of the team's runs end by themselves soon. */
  #ownVictims(candidate: Candidate, units: number): readonly Holder[] | undefined {
    const soonMs = this.policy.graceMs + this.policy.minGainMs;
    let soon = 0;
    for (const { user, stopping, remaining, units } of this.pool.holders)
      if (user.team === candidate.team && !stopping && remaining.likely <= soonMs) soon += units;
    return soon >= units ? undefined : makeWay(candidate, units, this.#stoppable);
  }

  /** A search costs time whether it finds something or not. */
  get preemptorsLeft(): boolean {
    return this.#preemptors < this.policy.preemptors && this.#tries < 4 * this.policy.preemptors;
  }

  #stop(holder: Holder, candidate: Candidate): void {
    const { graceMs } = this.policy;
    const { run, user, seats, units, remaining } = holder;
    this.preemptions.push({
      runId: run.id,
      reason: claimOn(candidate, holder) ?? "higher-class",
      forRunId: candidate.run.id,
      graceMs,
      atRisk: atRisk(holder),
    });
    holder.stopping = true;
    user.team!.leaving += units;
    holder.remaining = {
      earliest: Math.min(remaining.earliest, graceMs),
      likely: Math.min(remaining.likely, graceMs),
      latest: Math.min(remaining.latest, graceMs),
    };
    for (const { tenant } of seats) tenant.remaining = holder.remaining;
    this.held.set(run.id, { user, units, remaining: holder.remaining });
    this.pool.version++;
  }

  /** Whether runs of this class can only wait from here on: no device takes another run, and nobody leaves for one. */
  isSpent(name: PriorityClass): boolean {
    if (this.#kept < this.policy.reservations) return false;
    if (this.#room.version !== this.pool.version)
      this.#room = { version: this.pool.version, any: this.pool.devices.some(hasRoom, this.policy) };
    if (this.#room.any) return false;
    if (!this.preemptorsLeft) return true;
    const rank = rankOf({ class: name, borrowing: false });
    return !this.#stoppable.some(
      ({ run, user, stopping }) =>
        !stopping && (rankOf(run) < rank || isBeyond(user.team!, -user.team!.leaving)),
    );
  }
}

/** Whether a device takes another run, whichever. */
function hasRoom(this: Policy, { device, isIdle, room, tenants, keep }: DeviceState): boolean {
  if (device.state !== "schedulable" || keep?.strict) return false;
  return isIdle || (room > 0 && tenants.length < this.sharers);
}
