import type { Consumer } from "./consumers.ts";
import { remainingOf, type HistoryByKey } from "./duration.ts";
import type { Policy } from "./policy.ts";
import type { Device, Instant, Range, RunningRun, Snapshot } from "./snapshot.ts";

/** What a run asks of each device, margin and correction included. */
export interface Need {
  readonly devices: number;
  /** 0 where it is unknown. */
  readonly bytes: number;
  /** Shares its devices with nobody. */
  readonly whole: boolean;
}

/** A run on a device, until it ends or is expected to. */
export interface Tenant {
  readonly bytes: number;
  readonly whole: boolean;
  /** From now. */
  remaining: Range;
  /** Runs that start in this pass have none: they are not preempted. */
  readonly holder: Holder | null;
}

/** A running run with what it holds. */
export interface Holder {
  readonly run: RunningRun;
  readonly user: Consumer;
  readonly seats: { readonly device: DeviceState; readonly tenant: Tenant }[];
  /** Device units. */
  units: number;
  /** From now. */
  remaining: Range;
  /** Asked to stop, in this pass or before. */
  stopping: boolean;
}

/** Reserves a device for a run that waits. */
export interface DeviceReservation {
  readonly runId: string;
  readonly at: Instant;
  /** No other run may use the device meanwhile, however short it is. */
  readonly strict: boolean;
  /** What is left beside the waiting run when it starts; runs of any length may use it. */
  spareBytes: number;
  spareSeats: number;
}

export class DeviceState {
  readonly device: Device;
  /** Its place among the devices of the pool. */
  readonly index: number;
  readonly tenants: Tenant[] = [];
  /** Memory in use by something that is not a run of ours. */
  foreignBytes = 0;
  reservedFor: DeviceReservation | null = null;
  /** Bytes that another run may reserve now. */
  room: number;
  /** By a run that shares it with nobody. */
  #isTaken = false;

  constructor(device: Device, index: number) {
    this.device = device;
    this.index = index;
    this.room = device.memoryBytes;
  }

  get isIdle(): boolean {
    return this.tenants.length === 0;
  }

  admit(tenant: Tenant): void {
    this.tenants.push(tenant);
    this.#isTaken ||= tenant.whole;
    this.room = tenant.whole ? 0 : Math.max(0, this.room - tenant.bytes);
  }

  /** Takes the measured free memory into account, once all runs on the device are known. */
  measure(): void {
    const { memoryBytes, freeBytes } = this.device;
    if (freeBytes === null) return;
    const known = this.tenants.reduce((sum, tenant) => sum + tenant.bytes, 0);
    this.foreignBytes = Math.max(0, memoryBytes - freeBytes - known);
    this.room = Math.max(0, this.room - this.foreignBytes);
  }

  /** Whether the device takes a run beside those that are there; a reservation is not looked at. */
  admits({ whole, bytes }: Need, sharers: number): boolean {
    const { length } = this.tenants;
    if (length === 0) return bytes <= this.device.memoryBytes - this.foreignBytes;
    return !whole && !this.#isTaken && length < sharers && bytes <= this.room;
  }

  /** Milliseconds from now until a run is expected to get in; Infinity: not while others use its memory. */
  admitsAfter({ whole, bytes }: Need, sharers: number): number {
    const most = this.device.memoryBytes - this.foreignBytes;
    if (bytes > most) return Infinity;
    if (this.isIdle) return 0;
    if (whole) return this.tenants.reduce((last, { remaining }) => Math.max(last, remaining.likely), 0);
    const order = this.tenants.map((tenant) => tenant.remaining.likely).sort((a, b) => a - b);
    for (const after of [0, ...order]) {
      const there = this.tenants.filter(({ remaining }) => remaining.likely > after);
      const held = there.reduce((sum, tenant) => sum + tenant.bytes, 0);
      if (there.length < sharers && !there.some((tenant) => tenant.whole) && held + bytes <= most)
        return after;
    }
    return Infinity;
  }

  /** Reserves it for a run that is expected to start `afterMs` from now. */
  reserveFor(
    runId: string,
    need: Need,
    { now, afterMs, strict }: { now: Instant; afterMs: number; strict: boolean },
    sharers: number,
  ): void {
    const there = this.tenants.filter(({ remaining }) => remaining.likely > afterMs);
    const held = there.reduce((sum, tenant) => sum + tenant.bytes, 0);
    const spare = this.device.memoryBytes - this.foreignBytes - held - need.bytes;
    this.reservedFor = {
      runId,
      at: now + afterMs,
      strict,
      spareBytes: need.whole ? 0 : Math.max(0, spare),
      spareSeats: need.whole ? 0 : sharers - there.length - 1,
    };
  }

  /** Device units that a run takes of it. */
  unitsOf(bytes: number | null): number {
    const { memoryBytes } = this.device;
    return bytes === null || memoryBytes <= 0 ? 1 : Math.min(1, bytes / memoryBytes);
  }
}

export interface Pool {
  /** By worker, then device. */
  readonly devices: readonly DeviceState[];
  readonly byId: ReadonlyMap<string, DeviceState>;
  readonly holders: readonly Holder[];
  /** Raised with every change of room: what was computed from the pool is valid for as long as the version is the same. */
  version: number;
}

/** In the order of ids, so that sums do not depend on the order of the snapshot. Eligibility input is not copied. */
function inOrder<T>(items: readonly T[], before: (a: T, b: T) => number): readonly T[] {
  for (let i = 1; i < items.length; i++)
    if (before(items[i - 1]!, items[i]!) > 0) return [...items].sort(before);
  return items;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The devices of a snapshot, with the runs that are on them. */
export function openPool(
  { devices, running, now }: Snapshot,
  userOf: (run: RunningRun) => Consumer,
  history: HistoryByKey,
  policy: Policy,
): Pool {
  const states = inOrder(devices, (a, b) => compare(a.workerId, b.workerId) || compare(a.id, b.id)).map(
    (device, index) => new DeviceState(device, index),
  );
  const byId = new Map(states.map((state) => [state.device.id, state]));
  const holders = inOrder(running, (a, b) => compare(a.id, b.id)).map((run): Holder => {
    const remaining = remainingOf(run, now, history, policy);
    const holder: Holder = {
      run,
      user: userOf(run),
      seats: [],
      units: 0,
      remaining,
      stopping: run.state === "stopping",
    };
    const allocations = inOrder(run.allocations, (a, b) => compare(a.deviceId, b.deviceId));
    for (const { deviceId, reservedBytes, units } of allocations) {
      // A device that has left the snapshot has no room to give, but the run still counts against its quota.
      holder.units += units;
      const device = byId.get(deviceId);
      if (!device) continue;
      const whole = reservedBytes === null || !run.shares;
      const bytes = reservedBytes ?? device.device.memoryBytes;
      const tenant: Tenant = { bytes, whole, remaining, holder };
      device.admit(tenant);
      holder.seats.push({ device, tenant });
    }
    return holder;
  });
  for (const state of states) state.measure();
  return { devices: states, byId, holders, version: 0 };
}
