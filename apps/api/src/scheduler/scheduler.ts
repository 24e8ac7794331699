import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import { sweepSeconds } from "@espalier/contract";
import type { Delivery, Leadership, Store } from "@espalier/store";
import { fireSchedules } from "../schedules/fire.ts";
import type { Policy } from "@espalier/scheduler";
import { Deliveries } from "./deliveries.ts";
import { Passes } from "./passes.ts";

export interface SchedulerOptions {
  store: Store;
  /** Puts a delivery on its worker's queue. Repeating one is harmless; a lost one is delivered again by the reconciler. */
  ring: (delivery: Delivery) => Promise<void>;
  log: FastifyBaseLogger;
  /** Longest time between two passes; default 2,000 ms. Changes that the store hints at cause one at once. */
  passMs?: number;
  /** Time between two reconciliations; default 10,000 ms. */
  reconcileMs?: number;
  /** A run that was dispatched this long ago and not claimed is delivered again; default 30 s. */
  redeliverSeconds?: number;
  policy?: Policy;
  /** Called with each reconciliation: writes down which alerts there are. */
  noteAlerts?: () => Promise<void>;
}

export interface Scheduler {
  stop(): Promise<void>;
}

/** Under this name the leader holds its lock. It stays as it is: during an upgrade, old and new processes must not both lead. */
const leaderLock = "dispatcher";

/** Least time between two passes: what happens meanwhile is decided in one. */
const coalesceMs = 50;
/** The last pass is written down this often, for people. */
const signMs = 5_000;
/** Who leads, as people find it. */
const self = `${hostname()}, process ${process.pid}`;

/**
 * Gives devices to queued runs, one leader at a time over all API processes: a snapshot of the database, the pure plan, and
 * all its decisions in one transaction, before any queue hears of them. So a queue may lose everything: the reconciler
 * delivers again what nobody has claimed, takes back what has lost its devices or its lease, and nothing is lost.
 */
export function startScheduler({
  store,
  ring,
  log,
  passMs = 2_000,
  reconcileMs = sweepSeconds * 1000,
  redeliverSeconds = 30,
  policy,
  noteAlerts = async () => undefined,
}: SchedulerOptions): Scheduler {
  const stop = new AbortController();
  let wake = (): void => undefined;
  let hinted = false;
  const unsubscribe = store.events.subscribe(({ what }) => {
    // Progress frees nothing, and why runs wait is what this one writes.
    if (what !== "state" && what !== "") return;
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

  const deliveries = new Deliveries({
    ring,
    onAway: (error, waiting) =>
      log.warn({ err: error, waiting }, "the queue takes no deliveries; trying again"),
  });

  const passes = new Passes({
    store,
    ...(policy === undefined ? {} : { policy }),
    onCommitted: ({ deliveries: made }) => deliveries.deliver(made),
    interrupted: () => hinted || stop.signal.aborted,
  });

  /** False when another leader has decided since the snapshot. */
  async function pass(): Promise<boolean> {
    const { decided, committed, preemptions } = await passes.pass();
    for (const skipped of committed?.skipped ?? []) log.info(skipped, "not started");
    for (const { runId, reason, forRunId } of preemptions)
      if (committed?.preempted.includes(runId)) log.info({ runId, reason, forRunId }, "asked to make room");
    return decided;
  }

  /** Finds what was lost on the way: silent workers, expired leases, deliveries that nobody claimed. */
  async function reconcile(): Promise<void> {
    for (const workerId of await store.workers.markLost()) log.warn({ workerId }, "worker lost");
    for (const lost of await store.leases.sweepExpired()) log.warn(lost, "lease expired");
    for (const runId of await store.leases.stopOverdue()) log.info({ runId }, "its time is over");
    for (const runId of await store.dispatch.recall()) log.info({ runId }, "recalled: its devices are gone");
    await deliveries.deliver(await store.dispatch.redeliver(redeliverSeconds));
    await noteAlerts().catch((error: unknown) => log.warn({ err: error }, "alerts were not noted"));
  }

  async function lead(leadership: Leadership): Promise<void> {
    let [reconciled, signed] = [0, -signMs];
    while (!stop.signal.aborted && !leadership.signal.aborted) {
      hinted = false;
      if (performance.now() - reconciled >= reconcileMs) {
        await reconcile();
        reconciled = performance.now();
      }
      await fireSchedules(store, log);
      await deliveries.retry();
      const started = performance.now();
      const decided = await pass();
      if (started - signed >= signMs) {
        await store.pool.passed(self);
        signed = started;
      }
      if (!decided) log.warn("a plan was made from what another leader has changed; planning again");
      // When many runs wait, at most a quarter of the time is spent on plans, so that requests find the database free.
      await sleep(Math.max(coalesceMs, 3 * (performance.now() - started)));
      if (decided) await pause(Math.min(passMs, passes.owesIn ?? passMs));
    }
  }

  const loop = (async () => {
    while (!stop.signal.aborted) {
      let leadership: Leadership | undefined;
      try {
        leadership = await store.leader.acquire(leaderLock);
        passes.forget();
        if (leadership) await lead(leadership);
      } catch (error) {
        log.error({ err: error }, "a pass of the scheduler failed; it will be tried again");
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
