import type { Team } from "@espalier/contract";
import { size } from "./space.ts";

const number = (value: number): string => String(Math.round(value * 10) / 10);

const devicesOf = (units: number): string => `${number(units)} ${units === 1 ? "device" : "devices"}`;

/** What a team's quota means for what it has now, in sentences for operators. */
export function quotaNotes({
  quota,
  runningDevices,
  usedDeviceHours,
  queuedRuns,
  storedBytes,
}: Omit<Team, "users" | "notes">): string[] {
  const { devices, borrowing, deviceHours, queuedRuns: inOrder, bytes } = quota;
  const notes: string[] = [];
  const ceiling = devices == null || borrowing == null ? Infinity : devices + borrowing;
  if (runningDevices > ceiling)
    notes.push(
      `It holds ${devicesOf(runningDevices)}, more than its ${number(ceiling)}: nothing is ended for that, nothing new of it starts until it is below.`,
    );
  else if (devices != null && runningDevices > devices)
    notes.push(
      `It borrows ${devicesOf(runningDevices - devices)}: teams within their own quota may reclaim them.`,
    );
  if (deviceHours != null && usedDeviceHours >= deviceHours)
    notes.push(
      `Its ${number(deviceHours)} device hours of this period are used up: what runs goes on, nothing new of it starts before the next.`,
    );
  if (inOrder != null && queuedRuns > inOrder)
    notes.push(`${queuedRuns - inOrder} of its ${queuedRuns} queued runs wait outside the order.`);
  if (bytes != null && storedBytes >= bytes)
    notes.push(
      `It stores ${size(storedBytes)} and may store ${size(bytes)}: nothing is deleted for that, uploads, datasets and runs are refused until it stores less.`,
    );
  return notes;
}
