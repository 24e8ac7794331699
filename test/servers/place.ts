import type { Claim, Delivery, Store } from "@espalier/store";

export interface Place {
  runId: string;
  workerId: string;
  deviceIds: readonly string[];
  /** Default: the whole devices. */
  reservedBytes?: number;
}

/** Gives a queued run devices, as the scheduler does; undefined when it is not QUEUED or they take no runs. */
export async function place(
  store: Store,
  { runId, workerId, deviceIds, reservedBytes }: Place,
): Promise<Delivery | undefined> {
  for (;;) {
    const { number, reservations } = await store.dispatch.snapshot();
    const allocations = deviceIds.map((deviceId) => ({
      deviceId,
      reservedBytes: reservedBytes ?? null,
      units: 1,
    }));
    const committed = await store.dispatch.commit({
      number,
      reservations,
      starts: [{ runId, workerId, allocations, borrowing: false, aged: false }],
      preemptions: [],
      waiting: [],
    });
    if (committed) return committed.deliveries[0];
  }
}

/** Gives a queued run devices and claims it for their worker; undefined when it cannot be had. */
export async function claimOn(
  store: Store,
  { runId, workerId, deviceId }: { runId: string; workerId: string; deviceId: string },
): Promise<Claim | undefined> {
  await place(store, { runId, workerId, deviceIds: [deviceId] });
  return store.leases.claim({ runId, workerId });
}
