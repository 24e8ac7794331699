import { hostname } from "node:os";
import { enginesFor } from "@espalier/engine";
import type { Delivery, Queue } from "@espalier/queue";
import type { BeatAnswer, Store } from "@espalier/store";
import type { Logger } from "pino";
import { AttemptSupervisor } from "./attempt.ts";
import { claim } from "./claim.ts";
import { passedOn, type Config } from "./config.ts";
import { lookAround } from "./devices/look-around.ts";
import { Monitor } from "./devices/monitor.ts";
import { Processes } from "./devices/processes.ts";
import { ProcessorMeter } from "./devices/processor.ts";
import { Downloads } from "./downloads.ts";
import { Heartbeat } from "./heartbeat.ts";
import { ownIdentity } from "./process-identity.ts";
import { register } from "./register.ts";
import { Slot } from "./slot.ts";
import { Steward } from "./steward.ts";
import { Scratch } from "./workspace.ts";

export interface WorkerAppOptions {
  config: Config;
  store: Store;
  queue: Queue;
  log: Logger;
  /** Module of the compute process; default this package's own. */
  computeEntry?: string;
}

export interface WorkerApp {
  /** Settles when another worker has taken this one's name: it must stop. */
  readonly superseded: Promise<void>;
  /** Takes no more runs, gives those that it has back with their last checkpoint, and signs off. */
  stop(): Promise<void>;
}

/** Downloads whose run has ended elsewhere are found this often. */
const sweepSeconds = 3600;
/** Beyond the grace of a compute process: writing down that a run was given back. */
const closeSeconds = 2;
/** A device is looked at again before it takes a run, unless that was just done. */
const freshSeconds = 2;

/** Registers this process as a worker, and takes the runs of its devices, one at a time for each. */
export async function startWorker(options: WorkerAppOptions): Promise<WorkerApp> {
  const { config, store, queue, log, computeEntry } = options;
  const { name, version, labels, graceSeconds, hungSeconds, leastFreePercent, lease: timing } = config;
  const stopping = new AbortController();
  const {
    nvidia,
    devices: found,
    threads,
  } = await lookAround(config, { environment: passedOn(), enginesFor, log });
  const scratch = await Scratch.open(config.scratchFolder);
  const downloads = new Downloads(config.scratchFolder);
  const sweepDownloads = () =>
    downloads
      .sweep((runIds) => store.leases.unfinished(runIds))
      .catch((error: unknown) => log.warn({ err: error }, "downloads of ended runs remain"));
  const worker = await register(store, {
    name,
    host: hostname(),
    version,
    labels,
    process: ownIdentity(),
    devices: found.map(({ source: _source, environment: _environment, ...device }) => device),
  });
  log.info({ workerId: worker.id, devices: worker.devices }, "worker registered");
  await sweepDownloads();
  const sweeping = setInterval(() => void sweepDownloads(), sweepSeconds * 1000);

  let supersede!: () => void;
  const superseded = new Promise<void>((resolve) => {
    supersede = resolve;
  });
  const warn = (message: string) => (error: unknown) => log.warn({ err: error }, message);
  const attempts = new Map<number, AttemptSupervisor>();
  const monitor = new Monitor({
    devices: found,
    nvidia,
    processor: new ProcessorMeter(),
    processes: new Processes(),
    busy: (position) => attempts.has(position),
    leastFreePercent,
    onLook: () => steward.looked(),
  });
  const slots = worker.devices.map(
    (device, position): Slot =>
      new Slot({
        device,
        queue,
        take: (delivery) => take(delivery, position).catch(warn("a delivery could not be taken")),
        onError: warn("the queue cannot be reached; trying again"),
      }),
  );
  const steward: Steward = new Steward({
    store,
    workerId: worker.id,
    slots,
    health: (position) => monitor.health(position),
    look: () => monitor.fresh(0),
    note(position, level, message) {
      attempts.get(position)?.note(level, message);
      return attempts.has(position);
    },
    onError: warn("the state of the devices was not reported; trying again"),
    onChange: (what, facts) => log.info(facts, what),
  });
  const heartbeat = new Heartbeat({
    timing,
    send: (beat) => store.heartbeats.beat(worker.id, beat),
    measurements: () => monitor.measurements,
    onAnswer: (answer) => void obey(answer).catch(warn("the worker could not return")),
    onError: warn("the database did not take the worker's heartbeat"),
  });

  async function obey(answer: BeatAnswer | undefined): Promise<void> {
    const state = answer?.state === "LOST" ? await store.workers.revive(worker.id) : answer?.state;
    if (stopping.signal.aborted) return;
    if (answer === undefined || state !== "ACTIVE") return supersede();
    steward.ordered(answer);
  }

  async function take({ runId }: Delivery, position: number): Promise<void> {
    const slot = slots[position]!;
    await monitor.fresh(freshSeconds);
    if (!slot.isOpen) {
      log.info({ runId, device: slot.device.address }, "delivery declined: the device takes no new runs");
      return store.leases.decline(runId);
    }
    const input = { runId, workerId: worker.id, deviceId: slot.device.id };
    const claimed = await claim(store, input, stopping.signal);
    if (!claimed) return log.debug({ runId }, "delivery dropped: nothing to claim");
    const attempt = new AttemptSupervisor(claimed, {
      store,
      scratch,
      downloads,
      hub: config.hub,
      maxFileBytes: config.maxFileBytes,
      log,
      heartbeat,
      engine: slot.device.engine,
      environment: found[position]!.environment,
      graceSeconds,
      hungSeconds,
      stopping: stopping.signal,
      ...(threads === undefined ? {} : { threads }),
      ...(computeEntry === undefined ? {} : { computeEntry }),
    });
    attempts.set(position, attempt);
    await attempt.run().finally(() => attempts.delete(position));
    if (claimed.run.kind === "import") await sweepDownloads();
  }

  await monitor.fresh(0);
  void monitor.watch();
  await heartbeat.beat();

  return {
    superseded,
    async stop() {
      log.info("worker stopping");
      stopping.abort();
      clearInterval(sweeping);
      await Promise.all(slots.map((slot) => slot.end((graceSeconds + closeSeconds) * 1000)));
      monitor.stop();
      await heartbeat.stop();
      await scratch.remove();
      await store.workers.stop(worker.id).catch(warn("not signed off"));
      log.info("worker stopped");
    },
  };
}
