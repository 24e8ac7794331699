import { once } from "node:events";
import { Queue as BullQueue, Worker as BullWorker } from "bullmq";
import { backoff } from "@espalier/contract";
import { Redis } from "ioredis";
import type { Backend } from "./bullmq.ts";
import type { Delivery } from "./queue.ts";

const prefix = "espalier";

/**
 * BullMQ on Redis ≥ 7, which must run with `maxmemory-policy noeviction`. While the server is away, producers fail at once
 * and consumers wait for it. A connection that gives no answer for 30 s is closed.
 */
export function redisBackend(url: string, onError: (error: Error) => void): Backend {
  // A server that is back after hours is found within two seconds.
  const retryStrategy = (failures: number) => backoff(failures, { first: 100, most: 2_000 });
  const common = { socketTimeout: 30_000, keepAlive: 5_000, retryStrategy };
  const producing = new Redis(url, { ...common, enableOfflineQueue: false, maxRetriesPerRequest: 1 });
  const consuming = new Redis(url, { ...common, maxRetriesPerRequest: null });
  // Every queue and every consumer adds listeners of its own.
  for (const connection of [producing, consuming]) connection.on("error", onError).setMaxListeners(0);
  return {
    async ready() {
      if (producing.status === "ready") return;
      await once(producing, "ready", { signal: AbortSignal.timeout(1_000) });
    },
    producer: (name) =>
      new BullQueue<Delivery, void>(name, { connection: producing, prefix, skipWaitingForReady: true }),
    worker: (name, processor, settings) =>
      new BullWorker<Delivery, void>(name, processor, { connection: consuming, prefix, ...settings }),
    async close() {
      producing.disconnect();
      consuming.disconnect();
    },
  };
}
