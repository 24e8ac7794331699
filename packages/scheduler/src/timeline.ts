import type { Consumer } from "./consumers.ts";
import type { Candidate } from "./candidate.ts";
import type { DeviceGroup } from "./groups.ts";
import type { DeviceState, Need, Pool } from "./pool.ts";
import type { Instant, Range } from "./snapshot.ts";

/** Device units that a run holds, and for how long from now. */
export interface Held {
  readonly user: Consumer;
  readonly units: number;
  readonly remaining: Range;
}

export interface ForecastOptions {
  readonly pool: Pool;
  /** Runs that hold devices, or start now, by id. */
  readonly held: ReadonlyMap<string, Held>;
  readonly now: Instant;
  readonly sharers: number;
  readonly exact: number;
}

/** A run on a device, from the past or from when others are expected to leave. */
interface Stay {
  readonly until: number;
  /** Infinity: the whole device. */
  readonly bytes: number;
}

interface Found {
  readonly devices: readonly DeviceState[];
  readonly at: number;
}

/** Runs that are estimated together, on devices that they compete for. */
interface Crowd {
  readonly devices: Set<DeviceState>;
  /** Device milliseconds: until all devices are free of what is put, and of the runs ahead. */
  work: number;
}

const lastOf = (stays: readonly Stay[]): number =>
  stays.reduce((last, { until }) => Math.max(last, until), 0);

/** Who is on which device until when if every duration is at one percentile. Times in ms from now. */
export class Timeline {
  readonly #scenario: keyof Range;
  readonly #now: Instant;
  readonly #sharers: number;
  /** By device index. */
  readonly #stays: Stay[][];
  readonly #freeAt: number[];
  /** Units held, of consumers with a limit, in the order in which they are given back. */
  readonly #held = new Map<Consumer, { until: number; units: number }[]>();
  readonly #crowds = new Map<DeviceGroup, Crowd>();

  constructor(scenario: keyof Range, { pool, held, now, sharers }: ForecastOptions) {
    this.#scenario = scenario;
    this.#now = now;
    this.#sharers = sharers;
    this.#stays = pool.devices.map(({ tenants }) =>
      tenants.map(({ bytes, whole, remaining }) => ({
        until: remaining[scenario],
        bytes: whole ? Infinity : bytes,
      })),
    );
    this.#freeAt = this.#stays.map(lastOf);
    for (const { user, units, remaining } of held.values()) this.#hold(user, units, remaining[scenario]);
  }

  /** Puts a run where its devices are free first, and says when; Infinity: never. */
  put(candidate: Candidate, notBefore: number): number {
    const { group, duration, units, user, team } = candidate;
    const found = candidate.devices === 1 ? this.#first(group, candidate) : this.#soonest(group, candidate);
    if (!found) return Infinity;
    const start = Math.max(found.at, this.#allowedAt(team, units), this.#allowedAt(user, units), notBefore);
    if (start === Infinity) return Infinity;
    const until = start + duration[this.#scenario];
    for (const { index } of found.devices) {
      const stays = this.#stays[index]!.filter((stay) => stay.until > start);
      stays.push({ until, bytes: candidate.whole ? Infinity : candidate.bytes });
      this.#stays[index] = stays;
      this.#freeAt[index] = lastOf(stays);
    }
    this.#hold(user, units, until);
    return start;
  }

  /** Behind all that is put: when the devices are free on average, and the work ahead spread over them. */
  estimate(candidate: Candidate, notBefore: number): number {
    const { devices, bytes, whole, group, duration, team, user, units } = candidate;
    if (group.size === 0 || units > Math.min(team.ceiling, user.ceiling)) return Infinity;
    const crowd = this.#crowdOf(group);
    const start = Math.max(notBefore, crowd.work / crowd.devices.size);
    const part = whole ? 1 : Math.min(1, bytes / Math.max(1, group.schedulable[0]!));
    crowd.work += devices * part * duration[this.#scenario];
    return start;
  }

  /** One crowd for all groups that have a device in common. */
  #crowdOf(group: DeviceGroup): Crowd {
    const known = this.#crowds.get(group);
    if (known) return known;
    const all = group.workers.flat();
    const crowd = [...this.#crowds.values()].find(({ devices }) =>
      all.some((device) => devices.has(device)),
    ) ?? {
      devices: new Set<DeviceState>(),
      work: 0,
    };
    for (const device of all) {
      if (crowd.devices.has(device)) continue;
      crowd.devices.add(device);
      crowd.work += this.#freeAt[device.index]!;
    }
    this.#crowds.set(group, crowd);
    return crowd;
  }

  /** The device that has room first. */
  #first({ workers }: DeviceGroup, need: Need): Found | undefined {
    let at = Infinity;
    let found: DeviceState | undefined;
    for (const devices of workers) {
      for (const device of devices) {
        const free = this.#freeFor(device, need, at);
        if (free >= at) continue;
        at = free;
        found = device;
      }
      if (at === 0) break;
    }
    return found && { devices: [found], at };
  }

  /** The devices of one worker that have room first. */
  #soonest({ workers }: DeviceGroup, need: Need): Found | undefined {
    let best: Found | undefined;
    for (const devices of workers) {
      if (devices.length < need.devices) continue;
      const latest = best?.at ?? Infinity;
      const timed: { device: DeviceState; at: number }[] = [];
      for (const device of devices) {
        const at = this.#freeFor(device, need, latest);
        if (at < latest) timed.push({ device, at });
      }
      if (timed.length < need.devices) continue;
      timed.sort((a, b) => a.at - b.at);
      const { at } = timed[need.devices - 1]!;
      best = { devices: timed.slice(0, need.devices).map(({ device }) => device), at };
      if (at === 0) break;
    }
    return best;
  }

  /** When a device has room, within `before` ms; else `before` or later. */
  #freeFor({ index, device, foreignBytes }: DeviceState, { whole, bytes }: Need, before: number): number {
    const most = device.memoryBytes - foreignBytes;
    if (bytes > most) return Infinity;
    const freeAt = this.#freeAt[index]!;
    if (whole || freeAt === 0) return freeAt;
    const stays = this.#stays[index]!;
    let best = Math.min(freeAt, before);
    // Room appears when somebody leaves: at one of these ends, or now.
    for (let i = -1; i < stays.length; i++) {
      const at = i < 0 ? 0 : stays[i]!.until;
      if (at >= best) continue;
      let held = bytes;
      let there = 0;
      for (const stay of stays) {
        if (stay.until <= at) continue;
        held += stay.bytes;
        there++;
      }
      if (there < this.#sharers && held <= most) best = at;
    }
    return best;
  }

  /** When an consumer may hold `units` more. */
  #allowedAt(consumer: Consumer, units: number): number {
    const { hours, ceiling } = consumer;
    const spent = hours !== null && hours.used + consumer.hoursAhead >= hours.limit;
    const period = spent ? Math.max(0, hours.endsAt - this.#now) : 0;
    if (ceiling === Infinity) return period;
    if (units > ceiling) return Infinity;
    const held = this.#held.get(consumer) ?? [];
    let total = held.reduce((sum, each) => sum + each.units, units);
    if (total <= ceiling + 1e-9) return period;
    for (const each of held) {
      total -= each.units;
      if (total <= ceiling + 1e-9) return Math.max(each.until, period);
    }
    return Infinity;
  }

  #hold(user: Consumer, units: number, until: number): void {
    for (const consumer of [user, user.team!]) {
      if (consumer.ceiling === Infinity) continue;
      const held = this.#held.get(consumer) ?? [];
      const at = held.findIndex((each) => each.until > until);
      held.splice(at === -1 ? held.length : at, 0, { until, units });
      this.#held.set(consumer, held);
    }
  }
}
