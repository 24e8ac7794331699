import type { FastifyBaseLogger } from "fastify";
import type { Store } from "@espalier/store";

const everyMs = 3_600_000;

/** Deletes, every hour, what nobody needs any more: old answers kept for retries, old events, unused uploads, half-written files. */
export function startJanitor(store: Store, log: FastifyBaseLogger): { stop(): void } {
  const clean = async (): Promise<void> => {
    try {
      await store.idempotency.sweep();
      await store.events.sweep();
      await store.workerEvents.sweep();
      await store.uploads.sweep();
      await store.bytes.sweep();
    } catch (error) {
      log.warn({ err: error }, "cleaning failed; it will be tried again");
    }
  };
  const timer = setInterval(() => void clean(), everyMs);
  return { stop: () => clearInterval(timer) };
}
