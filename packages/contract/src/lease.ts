/** A worker's right to one attempt. Times are on the database's clock. */
export interface Lease {
  runId: string;
  attempt: number;
  workerId: string;
}

/** Seconds. A lease outlives several lost heartbeats; a worker that cannot renew stops committing before it ends. */
export const leaseTiming = { lease: 45, heartbeat: 5, selfFence: 35, giveUp: 600 } as const;

/** Seconds between two looks for leases that have ended. */
export const sweepSeconds = 10;

/** What a worker and the schema of the database say to one another. Raised with every change that an older one misreads. */
export const workerProtocol = 2;
