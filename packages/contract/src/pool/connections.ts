/** The most connections that each pool to PostgreSQL may hold. An idle process holds far fewer: pools shrink within 10 s. */
export const poolSizes = { api: 10, scheduler: 3, worker: 4, queueProducer: 2, queueConsumer: 1 } as const;

/** One connection each: leases are renewed, changes are listened to, the leader's lock is held. */
const [renewing, listening, leading] = [1, 1, 1];

/** Connections to PostgreSQL that a process of each kind may hold at most, by where the delivery queues live. */
export const connectionBudget = {
  redis: {
    api: poolSizes.api + listening + poolSizes.scheduler + listening + leading,
    worker: poolSizes.worker + renewing,
  },
  /** The API and its scheduler have a producer each; a worker has one, for the start alone, and a consumer that listens. */
  postgres: {
    api: poolSizes.api + listening + poolSizes.scheduler + listening + leading + 2 * poolSizes.queueProducer,
    worker: poolSizes.worker + renewing + poolSizes.queueConsumer + listening + poolSizes.queueProducer,
  },
} as const;
