import { createQueue } from "./bullmq.ts";
import { postgresBackend } from "./postgres.ts";
import type { DeliveryQueues, QueueOptions } from "./queue.ts";
import { redisBackend } from "./redis.ts";

/** The servers of the process. The queues live on Redis ≥ 7 with `maxmemory-policy noeviction`, or else on PostgreSQL ≥ 14. */
export interface QueueLocation {
  databaseUrl: string;
  /** The database's server itself, where `databaseUrl` is a pooler. Default: `databaseUrl`. */
  sessionUrl?: string | undefined;
  /** Undefined: the queues live in the database. */
  redisUrl?: string | undefined;
}

/**
 * Opens the queues. A Redis that is away does not matter yet. PostgreSQL has to answer, because its schema is made first
 * (`service/unavailable`).
 */
export async function openDeliveryQueues(
  { databaseUrl, sessionUrl = databaseUrl, redisUrl }: QueueLocation,
  options: QueueOptions = {},
): Promise<DeliveryQueues> {
  const { onError = () => undefined } = options;
  if (redisUrl !== undefined) return createQueue(redisBackend(redisUrl, onError), options);
  const queue = createQueue(postgresBackend(sessionUrl, onError), options);
  try {
    await queue.ping();
    return queue;
  } catch (error) {
    await queue.close().catch(onError);
    throw error;
  }
}
