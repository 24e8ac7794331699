import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import {
  engineChoiceOf,
  fastestOf,
  passOf,
  type Device,
  type DeviceKind,
  type Precision,
  type RunSpec,
} from "@espalier/contract";
import { installedEngines, missingEngines, precisionsOf, probeEngines } from "@espalier/engine";
import type { Delivery, DeliveryQueues } from "@espalier/queue";
import type { BeatAnswer, Store } from "@espalier/store";
import type { Logger } from "pino";
import { AttemptSupervisor } from "./attempt/attempt.ts";
import { claim } from "./attempt/claim.ts";
import type { Config } from "./config.ts";
import { calibrated, type InstalledEngine } from "./devices/calibration.ts";
import { lookAround } from "./devices/look-around.ts";
import { Monitor } from "./devices/monitor.ts";
import { Processes } from "./devices/processes.ts";
import { ProcessorMeter } from "./devices/processor.ts";
import { Downloads } from "./attempt/downloads.ts";
import { Heartbeat } from "./pool/heartbeat.ts";
import { Intake } from "./pool/intake.ts";
import { ownIdentity } from "@espalier/process";
import { register } from "./pool/register.ts";
import { SelfTests } from "./pool/self-tests.ts";
import { selfTest } from "./devices/self-test.ts";
import { Slot } from "./pool/slot.ts";
import { Steward } from "./pool/steward.ts";
import { Storage } from "./pool/storage.ts";
import { Scratch } from "./attempt/workspace.ts";

export interface WorkerAppOptions {
  config: Config;
  store: Store;
  queue: DeliveryQueues;
  log: Logger;
  /** Path of the compute process's module; default that of `@espalier/compute`. */
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
/** Time after the grace of a compute process, to write down that a run was given back. */
const closeSeconds = 2;
/** Devices are looked at again before they take a run, unless that was just done. */
const freshSeconds = 2;

/** The scheduler puts at most so many runs on one device. */
const sharers = 4;

/** Registers this process as a worker, and takes the runs that are given to its devices. */
export async function startWorker(options: WorkerAppOptions): Promise<WorkerApp> {
  const {
    config,
    store,
    queue,
    log,
    computeEntry = fileURLToPath(new URL("../../compute/src/main.ts", import.meta.url)),
  } = options;
  const { name, version, labels, graceSeconds, storageSeconds, hungSeconds } = config;
  const { leastFreePercent, lease: timing } = config;
  const stopping = new AbortController();
  const {
    nvidia,
    devices: selected,
    threads,
  } = await lookAround(config, {
    environment: config.passedOn,
    enginesFor: installedEngines,
    missingEngines,
    log,
  });
  const found = await calibrated(selected, {
    enginesFor: ({ kind }) => enginesToMeasure(kind, config.engine),
    cacheFolder: config.cacheFolder,
    version,
    computeEntry,
    environment: config.passedOn,
    log,
    ...(threads === undefined ? {} : { threads }),
  });
  const scratch = new Scratch(config.scratchFolder);
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
    process: JSON.stringify(ownIdentity()),
    devices: found.map(
      ({ source: _source, environment: _environment, unusable: _unusable, ...device }) => device,
    ),
  });
  log.info({ workerId: worker.id, devices: worker.devices }, "worker registered");
  await sweepDownloads();
  const sweeping = setInterval(() => void sweepDownloads(), sweepSeconds * 1000);

  let supersede!: () => void;
  const superseded = new Promise<void>((resolve) => {
    supersede = resolve;
  });
  const warn = (message: string) => (error: unknown) => log.warn({ err: error }, message);
  const slots = worker.devices.map((device) => new Slot(device));
  const monitor = new Monitor({
    everySeconds: timing.heartbeat,
    devices: found,
    nvidia,
    processor: new ProcessorMeter(),
    processes: new Processes(),
    busy: (position) => slots[position]!.busy,
    leastFreePercent,
    onLook: () => steward.looked(),
  });
  const intake = new Intake({
    worker: name,
    queue,
    concurrency: sharers * slots.length,
    take: (delivery) => take(delivery).catch(warn("a delivery could not be taken")),
    onError: warn("the queue cannot be reached; trying again"),
  });
  const steward: Steward = new Steward({
    store,
    workerId: worker.id,
    slots,
    health: (position) => monitor.health(position),
    hostFindings: () => storage.findings,
    look: () => monitor.fresh(0),
    onOpen: (open) => intake.set(open),
    busy: () => intake.busy,
    onError: warn("the state of the devices was not reported; trying again"),
    onChange: (what, facts) => log.info(facts, what),
  });
  const selfTests = new SelfTests({
    holds: store.holds,
    slots,
    isHostReady: () => storage.findings?.length === 0,
    test: (position, signal) =>
      selfTest(
        {
          scratch,
          engine: slots[position]!.device.engine,
          device: slots[position]!.device.kind,
          environment: { ...config.passedOn, ...found[position]!.environment },
          computeEntry,
          ...(threads === undefined ? {} : { threads }),
        },
        signal,
      ),
    onError: warn("the result of a self-test was not reported; testing again"),
    onChange: (what, facts) => log.info(facts, what),
  });
  const storage = new Storage({
    dataFolder: store.dataFolder,
    scratch,
    leastFreeScratch: config.leastFreeScratch,
    everySeconds: timing.heartbeat,
    onLook: () => steward.looked(),
    onFinding: ({ cause, reason }) => log.warn({ cause }, `no run is taken: ${reason}`),
    onError: warn("the data folder could not be checked; trying again"),
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
    selfTests.ordered(answer);
  }

  async function take({ runId }: Delivery): Promise<void> {
    await Promise.all([monitor.fresh(freshSeconds), storage.fresh(freshSeconds)]);
    const closed = slots.flatMap(({ isOpen, device }) => (isOpen ? [] : [device.id]));
    const claimed = await claim(store, { runId, workerId: worker.id, closed }, stopping.signal);
    if (!claimed) return log.info({ runId }, "delivery dropped: nothing to claim");
    const given = slots.filter(({ device }) => claimed.deviceIds.includes(device.id));
    const { engine, precision } = computing(
      given[0]!.device,
      claimed.run.resolved ?? claimed.run.spec,
      config,
    );
    const attempt = new AttemptSupervisor(claimed, {
      store,
      scratch,
      downloads,
      hub: config.hub,
      maxFileBytes: config.maxFileBytes,
      log,
      heartbeat,
      engine,
      device: given[0]!.device.kind,
      deviceNames: given.map(({ device }) => device.name),
      ...addressesOf(given.map(({ device }) => device.kind)),
      ...(precision && { precision }),
      environment: {
        ...config.passedOn,
        ...sharedEnvironment(given.map((slot) => found[slots.indexOf(slot)]!.environment)),
      },
      computeEntry,
      graceSeconds,
      storageSeconds,
      hungSeconds,
      stopping: stopping.signal,
      ...(threads === undefined ? {} : { threads }),
    });
    for (const slot of given) slot.enter(attempt);
    try {
      await attempt.run();
    } finally {
      for (const slot of given) slot.leave(attempt);
    }
    if (claimed.run.kind === "import") await sweepDownloads();
  }

  await Promise.all([monitor.fresh(0), storage.fresh(0)]);
  void monitor.watch();
  void storage.watch();
  await heartbeat.beat();

  return {
    superseded,
    async stop() {
      log.info("worker stopping");
      stopping.abort();
      clearInterval(sweeping);
      const tested = selfTests.stop();
      await intake.end((graceSeconds + closeSeconds) * 1000);
      monitor.stop();
      storage.stop();
      await heartbeat.stop();
      await tested;
      await scratch.remove();
      await store.workers.stop(worker.id).catch(warn("not signed off"));
      log.info("worker stopped");
    },
  };
}

/**
 * How the compute process addresses its devices, where they are several of one kind. Of others the first computes, and of WebGPU's
 * adapters too: its provider takes the first.
 */
function addressesOf(kinds: readonly DeviceKind[]): { devices?: string[] } {
  const several = kinds.length > 1 && kinds.every((kind) => kind === kinds[0] && kind !== "webgpu");
  return several ? { devices: kinds.map((kind, position) => `${kind}:${position}`) } : {};
}

/** The environment that shows a compute process all its devices: lists such as CUDA_VISIBLE_DEVICES are joined. */
function sharedEnvironment(
  environments: readonly Readonly<Record<string, string>>[],
): Record<string, string> {
  const shared: Record<string, string> = {};
  for (const environment of environments)
    for (const [name, value] of Object.entries(environment)) {
      const before = shared[name];
      shared[name] = before === undefined || before === value ? value : `${before},${value}`;
    }
  return shared;
}

/** Those that are installed for a kind of device, or of them the one that is named. */
const enginesToMeasure = (kind: DeviceKind, only: Config["engine"]): InstalledEngine[] =>
  [...probeEngines(kind)].flatMap(([name, probe]) =>
    probe.installed && (only === undefined || only === name)
      ? [{ name, what: probe.what, precisions: precisionsOf(name) }]
      : [],
  );

/** What computes a run on a device: what it asks for, else the fastest. What is not there fails where it is opened, by its name. */
function computing(
  { engine, rates = [] }: Device,
  spec: RunSpec,
  { precision: usual }: Pick<Config, "precision">,
): { engine: string; precision?: Precision } {
  const choice = engineChoiceOf(spec);
  return fastestOf(rates, choice, passOf(spec.kind), usual) ?? { engine, ...choice };
}
