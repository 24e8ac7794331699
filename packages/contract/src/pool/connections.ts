/** The most connections that each pool to PostgreSQL may hold. An idle process holds far fewer: pools shrink within 10 s. */
export const poolSizes = { api: 10, scheduler: 3, worker: 4, queueProducer: 2, queueConsumer: 1 } as const;

/** One connection each: leases are renewed, changes are listened to, the leader's lock is held. */
const [renewing, listening, leading] = [1, 1, 1];

/** Where the delivery queues live. */
export type QueueServer = "redis" | "postgres";

/** What a process of each kind may hold at most for statements and transactions, which a pooler may give out. */
const statements = { api: poolSizes.api + poolSizes.scheduler, worker: poolSizes.worker + renewing } as const;

/** What it may hold at most beside that, because a session has to stay: to listen, to lead, and for queues on PostgreSQL. */
const sessions = {
  redis: { api: 2 * listening + leading, worker: 0 },
  /** The API and its scheduler have a producer each; a worker has one, for the start alone, and a consumer that listens. */
  postgres: {
    api: 2 * listening + leading + 2 * poolSizes.queueProducer,
    worker: poolSizes.queueConsumer + listening + poolSizes.queueProducer,
  },
} as const;

const budgetOf = (queue: QueueServer) => ({
  api: statements.api + sessions[queue].api,
  worker: statements.worker + sessions[queue].worker,
});

/** Connections to PostgreSQL that a process of each kind may hold at most, by where the delivery queues live. */
export const connectionBudget = { redis: budgetOf("redis"), postgres: budgetOf("postgres") } as const;

/** For people, backups and what watches the database. */
const spareConnections = 5;

/** With fewer for its requests an API does not work. */
const leastOfApi = 2;

/**
 * How many connections an API takes for its requests where PostgreSQL has not enough for all: it leaves to the scheduler and to
 * workers, of which there is one at least, what they may hold. Or requests, which come again and again, would leave none for runs.
 * @param allowed connections that the server gives
 */
export function apiPoolSize({
  queue,
  pooled,
  apis,
  workers,
  allowed,
}: {
  queue: QueueServer;
  pooled: boolean;
  apis: number;
  workers: number;
  allowed: number;
}): number {
  if (pooled) return poolSizes.api;
  const { api, worker } = connectionBudget[queue];
  const fixed = api - poolSizes.api;
  const left = Math.floor((allowed - Math.max(1, workers) * worker) / Math.max(1, apis)) - fixed;
  return Math.max(leastOfApi, Math.min(poolSizes.api, left));
}

export interface ConnectionNeed {
  /** What one process may hold at most. */
  perApi: number;
  perWorker: number;
  /** What all of them may hold at most. */
  needed: number;
  /** A `max_connections` with which that fits, and people and backups get in too. */
  fitting: number;
}

/**
 * What the processes of a pool may hold at most of the connections of PostgreSQL.
 * @param pooled a pooler gives out those for statements: only sessions are counted, and what the pooler itself may open comes on top
 * @param reserved connections that the server keeps for superusers
 */
export function connectionNeed({
  queue,
  pooled,
  apis,
  workers,
  reserved,
}: {
  queue: QueueServer;
  pooled: boolean;
  apis: number;
  workers: number;
  reserved: number;
}): ConnectionNeed {
  const { api: perApi, worker: perWorker } = pooled ? sessions[queue] : connectionBudget[queue];
  const needed = apis * perApi + workers * perWorker;
  return { perApi, perWorker, needed, fitting: needed + reserved + spareConnections };
}
