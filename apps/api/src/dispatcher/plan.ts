/** A queued run, as far as ordering needs to know it. */
export interface QueuedRun {
  id: string;
  teamId: string;
  priority: number;
  /** Milliseconds since the epoch, on the database's clock. */
  queuedAt: number;
  deviceClass: string;
}

/** Devices of one class over all live workers. */
export interface DeviceClass {
  name: string;
  devices: number;
  /** Runs that are RUNNING on them or DISPATCHED to them. */
  taken: number;
}

/** All that a decision depends on. */
export interface Snapshot {
  queued: readonly QueuedRun[];
  classes: readonly DeviceClass[];
}

/** Release this run to the queue of its device class. */
export interface Decision {
  runId: string;
  deviceClass: string;
}

/**
 * Chooses the runs to release: highest priority first, then first come first served, as many per device class as it
 * has free devices and `lookahead` more, so that a worker finds its next run without waiting for the next pass.
 * Pure: the same snapshot gives the same decisions. Runs of a class without a live device stay queued.
 */
export function plan({ queued, classes }: Snapshot, lookahead = 1): Decision[] {
  const room = new Map(
    classes.map(({ name, devices, taken }) => [name, devices === 0 ? 0 : devices + lookahead - taken]),
  );
  const order = [...queued].sort(
    (a, b) => b.priority - a.priority || a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1),
  );
  const decisions: Decision[] = [];
  for (const { id, deviceClass } of order) {
    const left = room.get(deviceClass) ?? 0;
    if (left <= 0) continue;
    room.set(deviceClass, left - 1);
    decisions.push({ runId: id, deviceClass });
  }
  return decisions;
}
