import { createQueue } from "./bullmq.ts";
import { postgresBackend } from "./postgres.ts";
import type { Queue, QueueOptions } from "./queue.ts";
import { redisBackend } from "./redis.ts";

/** Where the queues live: Redis ≥ 7 with `maxmemory-policy noeviction`, or any PostgreSQL ≥ 14. */
export type QueueLocation = { redisUrl: string } | { databaseUrl: string };

/**
 * Opens the queues. A Redis that is away does not matter yet; PostgreSQL has to answer, as its schema is made first
 * (`service/unavailable`).
 */
export async function openQueue(location: QueueLocation, options: QueueOptions = {}): Promise<Queue> {
  const { onError = () => undefined } = options;
  if ("redisUrl" in location) return createQueue(redisBackend(location.redisUrl, onError), options);
  const queue = createQueue(postgresBackend(location.databaseUrl, onError), options);
  try {
    await queue.ping();
    return queue;
  } catch (error) {
    await queue.close().catch(onError);
    throw error;
  }
}
