import { createPostgresBackend, withBackend, type Worker as BullWorker } from "bullmq";
import type { Backend, Producer } from "./bullmq.ts";
import type { Delivery } from "./queue.ts";

const bull = withBackend(createPostgresBackend);

/**
 * BullMQ on PostgreSQL ≥ 14, in the schema `bullmq`, which is brought up to date by the first connection.
 *
 * Locks are written and swept with the clocks of the callers: a host whose clock runs ahead of another's by more than
 * the lock takes deliveries that are in progress there. That repeats a delivery, which the lease in the store refuses,
 * so it costs time and loses nothing; keep the clocks of a pool in step, or use Redis, which has one clock.
 */
export function postgresBackend(connectionString: string): Backend {
  const connection = {
    connectionString,
    migrate: true,
    max: 4,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // As in the store: silence is an end.
    query_timeout: 30_000,
    application_name: "espalier-queue",
  };
  return {
    ready: () => Promise.resolve(),
    producer: (name) => new bull.Queue<Delivery, void>(name, { connection }) as unknown as Producer,
    worker: (name, processor, settings) =>
      new bull.Worker<Delivery, void>(name, processor, { connection, ...settings }) as unknown as BullWorker<
        Delivery,
        void
      >,
    // Every queue and worker has its own pool and has closed it.
    close: () => Promise.resolve(),
  };
}
