import type { FastifyBaseLogger } from "fastify";
import { sweepSeconds } from "@espalier/contract";
import type { Delivery, Leadership, Store } from "@espalier/store";
import { fireSchedules } from "../schedules/fire.ts";
import { plan } from "./plan.ts";

export interface DispatcherOptions {
  store: Store;
  /** Puts a delivery on its queue. Repeating one is harmless; a lost one is delivered again by the reconciler. */
  ring: (delivery: Delivery) => Promise<void>;
  log: FastifyBaseLogger;
  /** Longest time between two passes; default 2,000 ms. Changes that the store hints at cause one at once. */
  passMs?: number;
  /** Time between two reconciliations; default 10,000 ms. */
  reconcileMs?: number;
  /** A run that was released this long ago and not claimed is delivered again; default 30 s. */
  redeliverSeconds?: number;
}

export interface Dispatcher {
  stop(): Promise<void>;
}

/**
 * Releases queued runs to the queues, one leader at a time over all API processes. Every decision is committed in
 * Postgres before the queue hears of it, so a queue may lose everything: the reconciler delivers again what nobody has
 * claimed, takes back what has lost its lease, and nothing is lost.
 */
export function startDispatcher({
  store,
  ring,
  log,
  passMs = 2_000,
  reconcileMs = sweepSeconds * 1000,
  redeliverSeconds = 30,
}: DispatcherOptions): Dispatcher {
  const stop = new AbortController();
  let wake = (): void => undefined;
  let hinted = false;
  const unsubscribe = store.events.subscribe(() => {
    hinted = true;
    wake();
  });

  /** Waits until a hint, the time, or the end. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (hinted || stop.signal.aborted) return resolve();
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const deliver = async (deliveries: readonly Delivery[]): Promise<void> => {
    for (const delivery of deliveries) await ring(delivery);
  };

  /** Orders what is queued and releases what can start soon. */
  async function pass(): Promise<void> {
    const { queued, classes } = await store.dispatch.snapshot();
    if (queued.length === 0) return;
    // Every kind of run computes on the same devices until a run can ask for a class; the largest class serves.
    const [target] = [...classes].sort((a, b) => b.devices - a.devices);
    if (target === undefined) return;
    const decisions = plan({ queued: queued.map((run) => ({ ...run, deviceClass: target.name })), classes });
    for (const { runId, deviceClass } of decisions) {
      const delivery = await store.dispatch.release(runId, deviceClass);
      if (delivery) await ring(delivery);
    }
  }

  /** Finds what was lost on the way: silent workers, expired leases, deliveries that nobody claimed. */
  async function reconcile(): Promise<void> {
    for (const workerId of await store.workers.markLost()) log.warn({ workerId }, "worker lost");
    for (const lost of await store.leases.sweepExpired()) log.warn(lost, "lease expired");
    for (const runId of await store.dispatch.recall()) log.info({ runId }, "recalled: its devices are gone");
    await deliver(await store.dispatch.redeliver(redeliverSeconds));
  }

  async function lead(leadership: Leadership): Promise<void> {
    let reconciled = 0;
    while (!stop.signal.aborted && !leadership.signal.aborted) {
      hinted = false;
      if (performance.now() - reconciled >= reconcileMs) {
        await reconcile();
        reconciled = performance.now();
      }
      await fireSchedules(store, log);
      await pass();
      await pause(passMs);
    }
  }

  const loop = (async () => {
    while (!stop.signal.aborted) {
      let leadership: Leadership | undefined;
      try {
        leadership = await store.leader.acquire("dispatcher");
        if (leadership) await lead(leadership);
      } catch (error) {
        log.error({ err: error }, "dispatcher pass failed; it will be tried again");
      } finally {
        await leadership?.release().catch(() => undefined);
      }
      hinted = false;
      await pause(passMs);
    }
  })();

  return {
    async stop() {
      unsubscribe();
      stop.abort();
      wake();
      await loop;
    },
  };
}
