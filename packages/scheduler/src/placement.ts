import { mayTake, type DeviceGroup, type DeviceGroups } from "./groups.ts";
import type { DeviceState, Need } from "./pool.ts";
import type { Instant } from "./snapshot.ts";

/** Whether a run that ends by `endsBy` would not delay the run that the device is kept for. */
function leavesAlone({ reservedFor }: DeviceState, need: Need, endsBy: Instant): boolean {
  if (reservedFor === null) return true;
  if (reservedFor.strict) return false;
  return (
    endsBy <= reservedFor.at ||
    (!need.whole && reservedFor.spareSeats > 0 && need.bytes <= reservedFor.spareBytes)
  );
}

/**
 * Devices for a run now, all on one worker, or undefined. Best fit: what leaves the least memory unused beside the run,
 * so that small runs fill cards that are shared already, then small cards, and large cards stay free for large runs;
 * then the worker that has the fewest idle devices left, so that whole workers stay free for runs that need many.
 * @param endsBy when the run is expected to have ended at the latest
 */
export function place(
  groups: DeviceGroups,
  group: DeviceGroup,
  need: Need,
  { now, endsBy, sharers }: { now: Instant; endsBy: Instant; sharers: number },
): DeviceState[] | undefined {
  const bounds = groups.bounds(group, now);
  if (!mayTake(endsBy - now <= bounds.windowMs ? bounds.all : bounds.free, need)) return undefined;
  let best: { devices: DeviceState[]; unused: number; idleLeft: number } | undefined;
  for (const devices of group.workers) {
    const open = devices.filter(
      (device) => device.admits(need, sharers) && leavesAlone(device, need, endsBy),
    );
    if (open.length < need.devices) continue;
    const fits = open.map((device) => ({
      device,
      unused: (need.whole ? device.device.memoryBytes : device.room) - need.bytes,
    }));
    fits.sort((a, b) => a.unused - b.unused);
    const chosen = fits.slice(0, need.devices).map(({ device }) => device);
    let unused = 0;
    for (let i = 0; i < need.devices; i++) unused += fits[i]!.unused;
    const idle = devices.filter(({ isIdle }) => isIdle).length;
    const idleLeft = idle - chosen.filter(({ isIdle }) => isIdle).length;
    if (!best || unused < best.unused || (unused === best.unused && idleLeft < best.idleLeft))
      best = { devices: chosen, unused, idleLeft };
  }
  return best?.devices;
}
