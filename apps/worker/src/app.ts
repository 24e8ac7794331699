import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, type Worker } from "@espalier/contract";
import type { Consumer, Delivery, Queue } from "@espalier/queue";
import type { Store } from "@espalier/store";
import type { Logger } from "pino";
import { AttemptSupervisor } from "./attempt.ts";
import { claim } from "./claim.ts";
import type { Config } from "./config.ts";
import { findDevices } from "./devices.ts";
import { Downloads } from "./downloads.ts";
import { Scratch } from "./workspace.ts";

export interface WorkerAppOptions {
  config: Config;
  store: Store;
  queue: Queue;
  log: Logger;
}

export interface WorkerApp {
  /** Takes no more runs, gives those that it has back with their last checkpoint, and signs off. */
  stop(): Promise<void>;
}

/** Downloads whose run has ended elsewhere are found this often. */
const sweepSeconds = 3600;
/** Beyond the grace of a compute process: writing down that a run was given back. */
const closeSeconds = 2;

/** Registers this process as a worker, and takes the runs of its devices, one at a time for each. */
export async function startWorker({ config, store, queue, log }: WorkerAppOptions): Promise<WorkerApp> {
  const { engine, threads, graceSeconds } = config;
  const stopping = new AbortController();
  const devices = findDevices(engine, threads);
  const scratch = await Scratch.open(config.scratchFolder);
  const downloads = new Downloads(config.scratchFolder);
  const sweepDownloads = () =>
    downloads
      .sweep((runIds) => store.leases.unfinished(runIds))
      .catch((error: unknown) => log.warn({ err: error }, "downloads of ended runs remain"));
  const register = () =>
    store.workers.register({ name: config.name, host: hostname(), version: config.version, devices });
  let worker: Worker = await register();
  log.info({ workerId: worker.id, devices: worker.devices }, "worker registered");
  await sweepDownloads();
  const sweeping = setInterval(() => void sweepDownloads(), sweepSeconds * 1000);

  const context = {
    store,
    scratch,
    downloads,
    hub: config.hub,
    maxFileBytes: config.maxFileBytes,
    log,
    engine,
    graceSeconds,
    stopping: stopping.signal,
    ...(threads === undefined ? {} : { threads }),
  };
  const take = async ({ runId }: Delivery, slot: number): Promise<void> => {
    const input = { runId, workerId: worker.id, deviceId: worker.devices[slot]!.id };
    const claimed = await claim(store, input, stopping.signal);
    if (!claimed) return log.debug({ runId }, "delivery dropped: nothing to claim");
    await new AttemptSupervisor(claimed, context).run();
    if (claimed.run.kind === "import") await sweepDownloads();
  };
  const consumers: Consumer[] = [];
  for (const [slot, { kind }] of worker.devices.entries())
    consumers.push(await queue.work(kind, (delivery) => take(delivery, slot)));

  const signsOfLife = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(leaseTiming.heartbeat * 1000, undefined, { signal: stopping.signal }).catch(
        () => undefined,
      );
      if (stopping.signal.aborted) return;
      try {
        if (!(await store.workers.heartbeat(worker.id))) worker = await register();
      } catch (error) {
        log.warn({ err: error }, "the database did not take the worker's sign of life");
      }
    }
  })();

  return {
    async stop() {
      log.info("worker stopping");
      stopping.abort();
      clearInterval(sweeping);
      await Promise.all(consumers.map((each) => each.close((graceSeconds + closeSeconds) * 1000)));
      await signsOfLife;
      await scratch.remove();
      await store.workers
        .stop(worker.id)
        .catch((error: unknown) => log.warn({ err: error }, "not signed off"));
      log.info("worker stopped");
    },
  };
}
