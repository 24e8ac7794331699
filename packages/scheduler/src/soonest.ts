import type { DeviceGroup } from "./groups.ts";
import type { DeviceState, Need } from "./pool.ts";

export interface Option {
  readonly devices: readonly DeviceState[];
  /** From now until all of them are expected to have room. */
  readonly afterMs: number;
}

/** The devices of one worker that are expected to have room first, and when; those kept for others are left out. */
export function earliest(group: DeviceGroup, need: Need, sharers: number): Option | undefined {
  let best: Option | undefined;
  for (const devices of group.workers) {
    const option = soonest(devices, need, sharers, best?.afterMs ?? Infinity);
    if (option) best = option;
  }
  return best;
}

/**
 * The k devices of these that have room first, if that is within `before` ms; those kept for others are left out.
 * Equal ones go by how little memory they leave unused.
 */
export function soonest(
  devices: readonly DeviceState[],
  need: Need,
  sharers: number,
  before = Infinity,
): Option | undefined {
  const timed: { device: DeviceState; afterMs: number }[] = [];
  for (const device of devices) {
    if (device.reservedFor !== null) continue;
    const afterMs = device.admitsAfter(need, sharers);
    if (afterMs < before) timed.push({ device, afterMs });
  }
  if (timed.length < need.devices) return undefined;
  timed.sort((a, b) => a.afterMs - b.afterMs || a.device.device.memoryBytes - b.device.device.memoryBytes);
  const { afterMs } = timed[need.devices - 1]!;
  return { devices: timed.slice(0, need.devices).map(({ device }) => device), afterMs };
}
