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
    const option = soonest(
      devices.filter(({ keep }) => keep === null),
      need,
      sharers,
    );
    if (option && (!best || option.afterMs < best.afterMs)) best = option;
  }
  return best;
}

/** The k devices out of these that have room first. Equal ones go by how little memory they leave unused. */
export function soonest(devices: readonly DeviceState[], need: Need, sharers: number): Option | undefined {
  if (devices.length < need.devices) return undefined;
  if (need.devices === 1) {
    let best: { devices: [DeviceState]; afterMs: number } | undefined;
    for (const device of devices) {
      const afterMs = device.admitsAfter(need, sharers);
      const better =
        !best ||
        afterMs < best.afterMs ||
        (afterMs === best.afterMs && device.device.memoryBytes < best.devices[0].device.memoryBytes);
      if (better) best = { devices: [device], afterMs };
    }
    return best && best.afterMs < Infinity ? best : undefined;
  }
  const timed = devices.map((device) => ({ device, afterMs: device.admitsAfter(need, sharers) }));
  timed.sort((a, b) => a.afterMs - b.afterMs || a.device.device.memoryBytes - b.device.device.memoryBytes);
  const chosen = timed.slice(0, need.devices);
  const { afterMs } = chosen.at(-1)!;
  return afterMs === Infinity ? undefined : { devices: chosen.map(({ device }) => device), afterMs };
}
