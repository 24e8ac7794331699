import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { actFor, type Store } from "@espalier/store";

/** A process that ended early must not leave everything to the next hour. */
const firstMs = 20_000;
const everyMs = 300_000;

/** Under this name one API process at a time cleans. */
export const leaderLock = "janitor";

/**
 * Deletes, every five minutes, what nobody needs any more: what the teams' policies give up, the bytes of what was
 * deleted, old answers kept for retries, unused uploads, half-written files. One process at a time does, in portions, and may be killed between any two.
 */
export function startJanitor(store: Store, log: FastifyBaseLogger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;

  async function clean(): Promise<void> {
    const leadership = await store.leader.acquire(leaderLock);
    if (leadership === undefined) return;
    const ended = AbortSignal.any([signal, leadership.signal]);
    const steps = [
      () => store.idempotency.sweep(),
      () => store.space.fold(),
      () => store.requestCounts.sweep(),
      () => store.teams.sweepSessions(),
      () => store.workerEvents.sweep(),
      () => store.webhookDeliveries.sweep(),
      () => store.uploads.sweep(),
      () => store.bytes.sweep(),
    ];
    try {
      for (const step of steps) if (!ended.aborted) await step();
      const freed = (await store.collector.sweep(ended)).filter(({ count }) => count > 0);
      for (const { kind, count, bytes } of freed) log.info({ kind, count, bytes }, "freed");
    } finally {
      await leadership.release().catch(() => undefined);
    }
  }

  const loop = (async () => {
    for (let pause = firstMs; !signal.aborted; pause = everyMs) {
      await sleep(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await actFor({ tenant: "all" }, clean).catch((error: unknown) => {
        log.warn({ err: error }, "cleaning failed; it will be tried again");
      });
    }
  })();
  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
