import type { Candidate } from "./candidate.ts";
import { isBeyond } from "./consumers.ts";
import { rankOf, type Policy } from "./policy.ts";
import type { DeviceState, Holder, Need, Tenant } from "./pool.ts";
import type { Instant } from "./snapshot.ts";

/** What is lost if a run must stop before it has saved, in device seconds. */
export const atRisk = ({ run, units }: Holder): number => Math.max(0, run.secondsSinceCheckpoint) * units;

/** Whether a run may be asked to stop: not before it has run for a while, and never when it was started as aged. */
export const isPreemptible = ({ run, stopping }: Holder, now: Instant, { minRunMs }: Policy): boolean =>
  run.state === "running" && !stopping && !run.aged && now - run.startedAt >= minRunMs;

/**
 * Why a candidate may take the devices of another run; undefined: it may not. Inside a team, the classes count as they
 * are; between teams, a run that borrows counts as normal at most.
 */
export function preemptionReason(
  candidate: Candidate,
  { run, user }: Holder,
): "higher-class" | "reclaim" | undefined {
  const lender = candidate.team;
  const borrower = user.team!;
  const rank = rankOf({ class: candidate.run.class, borrowing: false });
  const other = rankOf({ class: run.class, borrowing: run.borrowing && borrower !== lender });
  if (other < rank) return "higher-class";
  const reclaims = lender.devices !== null && borrower !== lender && other <= rank;
  return reclaims && isBeyond(borrower, -borrower.leaving) ? "reclaim" : undefined;
}

export interface VictimSet {
  readonly devices: readonly DeviceState[];
  readonly holders: readonly Holder[];
}

/** Compares sets of victims by the work that may be lost, then by how many runs are disturbed. */
const cheaper = (a: readonly Holder[], b: readonly Holder[]): boolean => {
  const difference = costOf(a) - costOf(b);
  return difference < 0 || (difference === 0 && a.length < b.length);
};
const costOf = (holders: readonly Holder[]): number =>
  holders.reduce((sum, holder) => sum + atRisk(holder), 0);

/**
 * The cheapest runs of one worker whose end gives the candidate its devices; no smaller part of the set would be enough.
 * The search is greedy, once from nothing and once from each run that holds several devices. So the set is the best one
 * where every run holds one device, and close to it otherwise.
 */
export function findVictims(
  candidate: Candidate,
  sharers: number,
  allowed: ReadonlySet<Holder>,
): VictimSet | undefined {
  let best: VictimSet | undefined;
  for (const devices of candidate.group.workers) {
    const usable = devices.filter(({ reservedFor }) => reservedFor === null);
    if (usable.length < candidate.devices || !usable.some((device) => hasAny(device, allowed))) continue;
    const found = findVictimsOn(usable, candidate, sharers, allowed);
    if (found && (!best || cheaper(found.holders, best.holders))) best = found;
  }
  return best;
}

function hasAny({ tenants }: DeviceState, holders: ReadonlySet<Holder>): boolean {
  for (const { holder } of tenants) if (holder && holders.has(holder)) return true;
  return false;
}

function findVictimsOn(
  devices: readonly DeviceState[],
  need: Need,
  sharers: number,
  allowed: ReadonlySet<Holder>,
): VictimSet | undefined {
  const clear = (device: DeviceState, out: ReadonlySet<Holder>): Holder[] | undefined =>
    toClear(device, need, sharers, out, allowed);
  const seeds: (Holder | null)[] = [null];
  if (need.devices > 1)
    for (const holder of allowed)
      if (holder.seats.length > 1 && holder.seats.some(({ device }) => devices.includes(device)))
        seeds.push(holder);
  let best: VictimSet | undefined;
  for (const seed of seeds) {
    const out = new Set<Holder>(seed ? [seed] : []);
    if (!gather(devices, need.devices, out, clear)) continue;
    // The most expensive ones are looked at first: a run that can stay stays.
    for (const holder of [...out].sort((a, b) => atRisk(b) - atRisk(a) || (a.run.id < b.run.id ? 1 : -1))) {
      out.delete(holder);
      if (clearDevices(devices, out, clear).length < need.devices) out.add(holder);
    }
    const chosen = clearDevices(devices, out, clear).slice(0, need.devices);
    const holders = [...out].sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
    if (!best || cheaper(holders, best.holders)) best = { devices: chosen, holders };
  }
  return best;
}

/** Adds to `out`, device by device, the runs that cost least in addition, until `count` devices are clear. */
function gather(
  devices: readonly DeviceState[],
  count: number,
  out: Set<Holder>,
  clear: (device: DeviceState, out: ReadonlySet<Holder>) => Holder[] | undefined,
): boolean {
  const taken = new Set<DeviceState>();
  while (taken.size < count) {
    let next: { device: DeviceState; more: Holder[] } | undefined;
    for (const device of devices) {
      if (taken.has(device)) continue;
      const more = clear(device, out);
      if (more && (!next || cheaper(more, next.more))) next = { device, more };
    }
    if (!next) return false;
    taken.add(next.device);
    for (const holder of next.more) out.add(holder);
  }
  return true;
}

const clearDevices = (
  devices: readonly DeviceState[],
  out: ReadonlySet<Holder>,
  clear: (device: DeviceState, out: ReadonlySet<Holder>) => Holder[] | undefined,
): DeviceState[] => devices.filter((device) => clear(device, out)?.length === 0);

/** The runs that must leave a device in addition to `out`, the cheapest first; undefined: even that would not clear it. */
function toClear(
  device: DeviceState,
  need: Need,
  sharers: number,
  out: ReadonlySet<Holder>,
  allowed: ReadonlySet<Holder>,
): Holder[] | undefined {
  if (need.bytes > device.device.memoryBytes - device.foreignBytes) return undefined;
  let staying = device.tenants.filter(({ holder }) => !holder || !(holder.stopping || out.has(holder)));
  const more: Holder[] = [];
  if (isClear(staying, device, need, sharers)) return more;
  // A run that needs the whole device needs all others to leave it.
  if (need.whole && staying.some(({ holder }) => !holder || !allowed.has(holder))) return undefined;
  const able = staying.flatMap(({ holder }) => (holder && allowed.has(holder) ? holder : []));
  for (const holder of able.sort((a, b) => atRisk(a) - atRisk(b))) {
    more.push(holder);
    staying = staying.filter((tenant) => tenant.holder !== holder);
    if (isClear(staying, device, need, sharers)) return more;
  }
  return undefined;
}

/** Whether a device takes a run once all runs that were asked to stop have left. */
export const clears = (device: DeviceState, need: Need, sharers: number): boolean =>
  isClear(
    device.tenants.filter(({ holder }) => !holder?.stopping),
    device,
    need,
    sharers,
  );

/** Whether a device takes a run beside those that stay. */
const isClear = (
  staying: readonly Tenant[],
  { device, foreignBytes }: DeviceState,
  need: Need,
  sharers: number,
): boolean =>
  staying.length === 0 ||
  (!need.whole &&
    staying.length < sharers &&
    !staying.some(({ whole }) => whole) &&
    staying.reduce((sum, { bytes }) => sum + bytes, need.bytes) <= device.memoryBytes - foreignBytes);
