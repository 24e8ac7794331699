import type { Candidate } from "./candidate.ts";
import { isBeyond } from "./consumers.ts";
import { rankOf, type Policy } from "./policy.ts";
import type { DeviceState, Holder, Need, Tenant } from "./pool.ts";
import type { Instant } from "./snapshot.ts";

/** What is lost if a run must stop before it has saved, in device seconds. */
export const atRisk = ({ run, units }: Holder): number => Math.max(0, run.secondsSinceCheckpoint) * units;

/** Whether a run may be asked to stop at all: not before it has run for a while, and never when it waited too long itself. */
export const isPreemptible = ({ run, stopping }: Holder, now: Instant, { minRunMs }: Policy): boolean =>
  run.state === "running" && !stopping && !run.aged && now - run.startedAt >= minRunMs;

/**
 * Why a run may take another's devices; undefined: it may not. Inside a team its own classes count, between teams a run
 * that borrows is at most normal.
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

/** Work at risk, then how many are disturbed. */
const cheaper = (a: readonly Holder[], b: readonly Holder[]): boolean => {
  const difference = costOf(a) - costOf(b);
  return difference < 0 || (difference === 0 && a.length < b.length);
};
const costOf = (holders: readonly Holder[]): number =>
  holders.reduce((sum, holder) => sum + atRisk(holder), 0);

/**
 * The cheapest runs of one worker whose end gives the candidate its devices; no part of the set would do. Greedy from
 * every first run that holds several devices, so the best set where each holds one, and near it otherwise.
 */
export function findVictims(
  candidate: Candidate,
  sharers: number,
  allowed: ReadonlySet<Holder>,
): VictimSet | undefined {
  let best: VictimSet | undefined;
  for (const devices of candidate.group.workers) {
    const usable = devices.filter(({ keep }) => keep === null);
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
    // Dear ones first: what can stay, stays.
    for (const holder of [...out].sort((a, b) => atRisk(b) - atRisk(a) || (a.run.id < b.run.id ? 1 : -1))) {
      out.delete(holder);
      if (cleared(devices, out, clear).length < need.devices) out.add(holder);
    }
    const chosen = cleared(devices, out, clear).slice(0, need.devices);
    const holders = [...out].sort((a, b) => (a.run.id < b.run.id ? -1 : 1));
    if (!best || cheaper(holders, best.holders)) best = { devices: chosen, holders };
  }
  return best;
}

/** Adds to `out`, device by device, what costs least more, until `count` devices are clear. */
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

const cleared = (
  devices: readonly DeviceState[],
  out: ReadonlySet<Holder>,
  clear: (device: DeviceState, out: ReadonlySet<Holder>) => Holder[] | undefined,
): DeviceState[] => devices.filter((device) => clear(device, out)?.length === 0);

/** The runs beyond `out` that must leave a device, the cheapest first; undefined: that cannot be brought about. */
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
  // Whoever needs the whole device needs everybody to leave.
  if (need.whole && staying.some(({ holder }) => !holder || !allowed.has(holder))) return undefined;
  const able = staying.flatMap(({ holder }) => (holder && allowed.has(holder) ? holder : []));
  for (const holder of able.sort((a, b) => atRisk(a) - atRisk(b))) {
    more.push(holder);
    staying = staying.filter((tenant) => tenant.holder !== holder);
    if (isClear(staying, device, need, sharers)) return more;
  }
  return undefined;
}

/** Whether a device takes a run once all who were asked to stop have left. */
export const clears = (device: DeviceState, need: Need, sharers: number): boolean =>
  isClear(
    device.tenants.filter(({ holder }) => !holder?.stopping),
    device,
    need,
    sharers,
  );

/** Whether a device takes a run beside those who stay. */
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
