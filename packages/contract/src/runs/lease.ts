/** A worker's right to one attempt. Times are on the database's clock. */
export interface Lease {
  runId: string;
  attempt: number;
  workerId: string;
}

/** Seconds. A lease outlives several lost heartbeats; a worker that cannot renew stops committing before it ends. */
export interface LeaseTiming {
  lease: number;
  heartbeat: number;
  selfFence: number;
  giveUp: number;
  /** After the database has started nobody is found lost for this long: those that outlived it renew first. */
  grace: number;
  /** After so long a silence the leader among the API processes is another one. */
  leader: number;
}

/** All times follow from how long a lease lasts; it is the same for the API and its workers. */
export const leaseTimingOf = (lease: number): LeaseTiming => ({
  lease,
  heartbeat: lease / 9,
  selfFence: (lease * 7) / 9,
  giveUp: (lease * 40) / 3,
  grace: (lease * 4) / 9,
  // A leader that computes a long plan is silent meanwhile, also where leases are short.
  leader: Math.max(5, (lease * 4) / 15),
});

/** 45 s, renewed every 5 s; commits end 35 s after the last renewal, computations after ten minutes. A leader may be silent for 12 s. */
export const leaseTiming: LeaseTiming = leaseTimingOf(45);

/** Seconds between two looks for leases that have ended. */
export const sweepSeconds = 10;

/** What a worker and the schema of the database say to one another. Raised with every change that an older one misreads. */
export const workerProtocol = 3;
