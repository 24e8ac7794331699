import type { DeviceState, Need, Pool } from "./pool.ts";
import type { Device, Needs } from "./snapshot.ts";

/** The devices that serve one combination of kinds and labels. */
export interface DeviceGroup {
  /** Schedulable ones by worker, in the order of ids. */
  readonly workers: readonly (readonly DeviceState[])[];
  readonly size: number;
  readonly members: ReadonlySet<DeviceState>;
  /** `best[k − 1]`: the most memory that each of k devices on one worker has. Of schedulable devices; with cordoned and
   *  draining ones; with lost ones too. */
  readonly schedulable: readonly number[];
  readonly present: readonly number[];
  readonly known: readonly number[];
  bounds: Bounds | null;
}

/** What no run of a group can exceed now. Comparing with it is cheap, so that most of many queued runs need no search. */
export interface Bounds {
  readonly version: number;
  /** Room that nobody is waiting for. */
  readonly free: Room;
  /** With room that is kept for a waiting run, for runs that end in time. */
  readonly all: Room;
  /** Longest that a run may take to use kept room; −1: there is none. */
  readonly windowMs: number;
  /** Needs for which no place was found: whoever needs as much, for as long, finds none either. */
  readonly unplaced: (Need & { readonly endsBy: number })[];
}

export interface Room {
  /** Most idle devices on one worker, and the largest of any. */
  idle: number;
  idleBytes: number;
  /** Most devices on one worker that take a run that shares, and the most room on any. */
  open: number;
  openBytes: number;
}

export const fits = (best: readonly number[], { devices, bytes }: Need): boolean =>
  devices >= 1 && devices <= best.length && bytes <= best[devices - 1]!;

export class DeviceGroups {
  readonly #pool: Pool;
  readonly #sharers: number;
  /** By kinds, then labels. */
  readonly #groups = new Map<string, Map<string, DeviceGroup>>();
  /** Groups without some devices, by which these are. */
  readonly #narrowed = new Map<DeviceGroup, Map<string, DeviceGroup>>();

  constructor(pool: Pool, sharers: number) {
    this.#pool = pool;
    this.#sharers = sharers;
  }

  of({ kinds, labels }: Needs): DeviceGroup {
    const kind = keyOf(kinds);
    const label = keyOf(labels);
    const found = this.#groups.get(kind)?.get(label);
    if (found) return found;
    const matches = ({ device }: DeviceState): boolean =>
      (kinds.length === 0 || kinds.includes(device.kind)) &&
      labels.every((label) => device.labels.includes(label));
    const matching = this.#pool.devices.filter(matches);
    const usable = matching.filter(({ device }) => device.state === "schedulable");
    const workers = byWorker(usable);
    const schedulable = bestOf(workers);
    const present = matching.filter(({ device }) => device.state !== "lost");
    const group: DeviceGroup = {
      ...membersOf(usable, workers, schedulable),
      present: present.length === usable.length ? schedulable : bestOf(byWorker(present)),
      known: matching.length === usable.length ? schedulable : bestOf(byWorker(matching)),
    };
    const ofKind = this.#groups.get(kind) ?? new Map<string, DeviceGroup>();
    this.#groups.set(kind, ofKind.set(label, group));
    return group;
  }

  /**
   * The devices of a group without those on workers that a run avoids; without those that it avoids themselves, if no other
   * worker fits it; all of them, if no other device does.
   */
  avoiding(group: DeviceGroup, places: readonly string[], need: Need): DeviceGroup {
    const of = ({ device }: DeviceState): readonly string[] => [device.workerId, device.id];
    const byId = ({ device }: DeviceState): readonly string[] => [device.id];
    for (const idsOf of [of, byId]) {
      const narrowed = this.#without(group, (device) => idsOf(device).some((id) => places.includes(id)));
      if (fits(narrowed.schedulable, need)) return narrowed;
    }
    return group;
  }

  /** The same group for the same devices, as what was found out about a group is kept with it. */
  #without(group: DeviceGroup, isAvoided: (device: DeviceState) => boolean): DeviceGroup {
    const avoided = [...group.members].filter(isAvoided);
    if (avoided.length === 0) return group;
    const known = this.#narrowed.get(group) ?? new Map<string, DeviceGroup>();
    this.#narrowed.set(group, known);
    const key = avoided.map(({ index }) => index).join(" ");
    const found = known.get(key);
    if (found) return found;
    const usable = [...group.members].filter((device) => !isAvoided(device));
    const workers = byWorker(usable);
    const narrowed = { ...group, ...membersOf(usable, workers, bestOf(workers)) };
    known.set(key, narrowed);
    return narrowed;
  }

  bounds(group: DeviceGroup, now: number): Bounds {
    if (group.bounds?.version === this.#pool.version) return group.bounds;
    const free: Room = { idle: 0, idleBytes: 0, open: 0, openBytes: 0 };
    const all: Room = { idle: 0, idleBytes: 0, open: 0, openBytes: 0 };
    let windowMs = -1;
    for (const devices of group.workers) {
      const here = { idle: 0, open: 0, keptIdle: 0, keptOpen: 0 };
      for (const device of devices) {
        const { isIdle, room, reservedFor } = device;
        const open = isIdle || (room > 0 && device.tenants.length < this.#sharers);
        if (!open) continue;
        if (isIdle) {
          here.keptIdle++;
          all.idleBytes = Math.max(all.idleBytes, room);
        }
        here.keptOpen++;
        all.openBytes = Math.max(all.openBytes, room);
        if (reservedFor && !reservedFor.strict) windowMs = Math.max(windowMs, reservedFor.at - now);
        if (!reservedFor && isIdle) {
          here.idle++;
          free.idleBytes = Math.max(free.idleBytes, room);
        }
        const spare = reservedFor
          ? reservedFor.spareSeats > 0
            ? Math.min(room, reservedFor.spareBytes)
            : 0
          : room;
        if (!reservedFor || spare > 0) {
          here.open++;
          free.openBytes = Math.max(free.openBytes, spare);
        }
      }
      free.idle = Math.max(free.idle, here.idle);
      free.open = Math.max(free.open, here.open);
      all.idle = Math.max(all.idle, here.keptIdle);
      all.open = Math.max(all.open, here.keptOpen);
    }
    group.bounds = { version: this.#pool.version, free, all, windowMs, unplaced: [] };
    return group.bounds;
  }
}

const membersOf = (
  usable: readonly DeviceState[],
  workers: readonly (readonly DeviceState[])[],
  schedulable: readonly number[],
) => ({ workers, size: usable.length, members: new Set(usable), schedulable, bounds: null });

const keyOf = (words: readonly string[]): string => (words.length === 1 ? words[0]! : words.join("\0"));

/** Whether a room may take a run; a search decides. */
export const mayTake = (room: Room, { devices, bytes, whole }: Need): boolean =>
  whole ? devices <= room.idle && bytes <= room.idleBytes : devices <= room.open && bytes <= room.openBytes;

/** Devices come ordered by worker. */
function byWorker(devices: readonly DeviceState[]): DeviceState[][] {
  const workers: DeviceState[][] = [];
  let last: Device | undefined;
  for (const state of devices) {
    if (last?.workerId === state.device.workerId) workers.at(-1)!.push(state);
    else workers.push([state]);
    last = state.device;
  }
  return workers;
}

function bestOf(workers: readonly (readonly DeviceState[])[]): number[] {
  const best: number[] = [];
  for (const devices of workers) {
    const sizes = devices.map(({ device }) => device.memoryBytes).sort((a, b) => b - a);
    for (const [k, bytes] of sizes.entries()) best[k] = Math.max(best[k] ?? 0, bytes);
  }
  return best;
}
