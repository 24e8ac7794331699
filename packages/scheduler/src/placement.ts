import { mayTake, type Bounds, type DeviceGroup } from "./groups.ts";
import type { Pass } from "./pass.ts";
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
  { groups, now, policy: { sharers } }: Pass,
  group: DeviceGroup,
  need: Need,
  endsBy: Instant,
): DeviceState[] | undefined {
  const bounds = groups.bounds(group, now);
  if (!mayTake(endsBy - now <= bounds.windowMs ? bounds.all : bounds.free, need)) return undefined;
  if (isUnplaced(bounds, need, endsBy)) return undefined;
  let best: { devices: DeviceState[]; unused: number; idleLeft: number } | undefined;
  const unusedOf = (device: DeviceState): number => (need.whole ? device.device.memoryBytes : device.room);
  for (const devices of group.workers) {
    const open: DeviceState[] = [];
    for (const device of devices)
      if (device.admits(need, sharers) && leavesAlone(device, need, endsBy)) open.push(device);
    if (open.length < need.devices) continue;
    open.sort((a, b) => unusedOf(a) - unusedOf(b));
    let unused = 0;
    for (let i = 0; i < need.devices; i++) unused += unusedOf(open[i]!) - need.bytes;
    if (best && unused > best.unused) continue;
    const chosen = open.slice(0, need.devices);
    const idleLeft = idleOf(devices) - idleOf(chosen);
    if (!best || unused < best.unused || idleLeft < best.idleLeft)
      best = { devices: chosen, unused, idleLeft };
  }
  if (!best && bounds.unplaced.length < 16) {
    const { devices, bytes, whole } = need;
    bounds.unplaced.push({ devices, bytes, whole, endsBy });
  }
  return best?.devices;
}

/** Whether a search for no more than this has found nothing since the pool changed last. */
function isUnplaced({ unplaced }: Bounds, need: Need, endsBy: Instant): boolean {
  for (const less of unplaced)
    if (
      less.devices <= need.devices &&
      less.bytes <= need.bytes &&
      less.endsBy <= endsBy &&
      (need.whole || !less.whole)
    )
      return true;
  return false;
}

function idleOf(devices: readonly DeviceState[]): number {
  let count = 0;
  for (const { isIdle } of devices) if (isIdle) count++;
  return count;
}
