import type { Device, Worker } from "@espalier/contract";
import type { Tone } from "../elements/badge.tsx";
import type { IconName } from "../elements/icon.tsx";

/** A device with its worker, as a row of the pool. */
export interface PoolDevice {
  device: Device;
  worker: Worker;
}

export type DeviceState =
  | "held-idle"
  | "failing"
  | "held"
  | "draining"
  | "lost"
  | "busy"
  | "idle"
  | "stopped";

/** A device that a run holds, and on which nothing has computed for this long, is wasted. */
const wastedMs = 5 * 60_000;
const idleSince = new Map<string, number>();

/** How long a run has held a device without computing, as far as this page has seen it. */
export function idleFor({ device }: PoolDevice, now: number): number {
  const computes =
    !device.busy || device.measured?.utilization === undefined || device.measured.utilization >= 2;
  if (computes) idleSince.delete(device.id);
  else if (!idleSince.has(device.id)) idleSince.set(device.id, now);
  return computes ? 0 : now - (idleSince.get(device.id) ?? now);
}

export function stateOf(each: PoolDevice, now: number): DeviceState {
  const { device, worker } = each;
  if (worker.state === "LOST") return "lost";
  if (worker.state === "STOPPED") return "stopped";
  if (idleFor(each, now) > wastedMs) return "held-idle";
  if (device.holds.length > 0)
    return device.holds.some(({ cause }) => cause !== "cordon") ? "failing" : "held";
  if (worker.drain) return "draining";
  return device.busy ? "busy" : "idle";
}

export const deviceLooks: Record<DeviceState, { tone: Tone; icon: IconName; word: string; order: number }> = {
  "held-idle": { tone: "warn", icon: "alert", word: "held, idle", order: 0 },
  lost: { tone: "bad", icon: "cross", word: "lost", order: 1 },
  failing: { tone: "warn", icon: "alert", word: "on hold", order: 2 },
  held: { tone: "quiet", icon: "pause", word: "cordoned", order: 3 },
  draining: { tone: "quiet", icon: "down", word: "draining", order: 4 },
  busy: { tone: "accent", icon: "play", word: "busy", order: 5 },
  idle: { tone: "quiet", icon: "ring", word: "idle", order: 6 },
  stopped: { tone: "quiet", icon: "stop", word: "stopped", order: 7 },
};

/** All devices, those first that somebody should look at. */
export function devicesOf(workers: readonly Worker[], now: number): PoolDevice[] {
  return workers
    .filter(({ state }) => state !== "STOPPED")
    .flatMap((worker) => worker.devices.map((device) => ({ device, worker })))
    .map((each) => ({ each, order: deviceLooks[stateOf(each, now)].order }))
    .sort(
      (a, b) =>
        a.order - b.order ||
        a.each.worker.name.localeCompare(b.each.worker.name, undefined, { numeric: true }) ||
        a.each.device.address.localeCompare(b.each.device.address, undefined, { numeric: true }),
    )
    .map(({ each }) => each);
}
