import { setTimeout as sleep } from "node:timers/promises";
import { leaseTiming, type Measurement } from "@espalier/contract";
import { Health, type Observation } from "./health.ts";
import type { FoundDevice } from "./host.ts";
import { known } from "./known.ts";
import type { GpuProcess } from "./nvidia-partitions.ts";
import type { Card, NvidiaReport } from "./nvidia-smi.ts";
import type { Processes } from "./processes.ts";

export interface MonitorOptions {
  devices: readonly FoundDevice[];
  nvidia: { report(): Promise<NvidiaReport> };
  processor: { measure(): Promise<Measurement> };
  processes: Pick<Processes, "foreign">;
  /** Whether a run of ours computes on the device of this position. */
  busy: (position: number) => boolean;
  /** What an idle GPU must have free to take a run; percent of its memory. */
  leastFreePercent: number;
  /** Called after each look. */
  onLook: () => void;
  /** Seconds between two looks; default: those between two heartbeats. */
  everySeconds?: number;
}

/** What the processor must have free to take a run. */
const leastFreeBytes = 256 * 2 ** 20;

/** Watches the devices of a worker: it looks at all of them every few seconds, however many parts of the worker use what it saw. */
export class Monitor {
  readonly #options: MonitorOptions;
  readonly #health: readonly Health[];
  readonly #stopped = new AbortController();
  #looking: Promise<void> | undefined;
  #lookedAt = -Infinity;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#health = options.devices.map(
      ({ kind, memoryBytes }) =>
        new Health({
          leastFreeBytes: kind === "cpu" ? leastFreeBytes : (memoryBytes * options.leastFreePercent) / 100,
        }),
    );
  }

  health(position: number): Health {
    return this.#health[position]!;
  }

  /** By position; undefined where the last look saw nothing. */
  get measurements(): (Measurement | undefined)[] {
    return this.#health.map(({ measurement }) => measurement);
  }

  /** Looks now, unless the last look was less than `maxAgeSeconds` ago. Never rejects. */
  async fresh(maxAgeSeconds: number): Promise<void> {
    if (performance.now() - this.#lookedAt <= maxAgeSeconds * 1000) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Looks again and again, until it is stopped. */
  async watch(): Promise<void> {
    const { everySeconds = leaseTiming.heartbeat } = this.#options;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await this.fresh(0);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #look(): Promise<void> {
    const { devices, nvidia, processor, onLook } = this.#options;
    const needsNvidia = devices.some(({ source }) => source.type === "card" || source.type === "partition");
    const [report, measured] = await Promise.all([
      needsNvidia ? nvidia.report() : ({ type: "absent" } as const),
      processor.measure(),
    ]);
    const seen = devices.map((device) => observe(device, report, measured));
    const foreign = await this.#options.processes.foreign(
      seen.map(({ processes }, position) => ({ processes, busy: this.#options.busy(position) })),
    );
    for (const [position, { observation }] of seen.entries())
      this.#health[position]!.observe(
        observation.type === "seen"
          ? { ...observation, busy: this.#options.busy(position), foreign: foreign[position]! }
          : observation,
      );
    this.#lookedAt = performance.now();
    onLook();
  }
}

interface Seen {
  observation: Observation;
  processes: readonly GpuProcess[];
}

/** What a report says of one device. */
function observe({ source, identity }: FoundDevice, report: NvidiaReport, processor: Measurement): Seen {
  const seen = (
    measurement: Measurement,
    more: object = {},
    processes: readonly GpuProcess[] = [],
  ): Seen => ({
    observation: { type: "seen", measurement, busy: false, ...more },
    processes,
  });
  if (source.type === "processor") return seen(processor);
  if (source.type === "adapter") return seen({});
  if (report.type === "absent") return silent("nvidia-smi is gone.");
  if (report.type === "silent") return silent(report.reason);
  const cardUuid = source.type === "card" ? source.uuid : source.cardUuid;
  const card = report.cards.find(({ uuid }) => uuid === cardUuid);
  const partition =
    source.type === "partition" ? card?.partitions?.find(({ uuid }) => uuid === source.uuid) : undefined;
  if (!card || (source.type === "partition" ? !partition : card.partitions)) {
    const remarks = report.remarks.join(" ").slice(0, 300);
    const reason = `nvidia-smi does not list ${identity} any more${remarks ? `: ${remarks}` : "."}`;
    return { observation: { type: "missing", reason }, processes: [] };
  }
  return partition
    ? seen(
        known({ freeBytes: partition.freeBytes, temperature: card.temperature }),
        { faults: card.faults, ...known({ uncorrected: most(card.uncorrected, partition.uncorrected) }) },
        partition.processes,
      )
    : seen(
        measurementOf(card, processor),
        { faults: card.faults, ...known({ uncorrected: card.uncorrected }) },
        card.processes,
      );
}

const silent = (reason: string): Seen => ({ observation: { type: "silent", reason }, processes: [] });

/** A card without memory of its own uses the processor's. */
const measurementOf = (card: Card, processor: Measurement): Measurement =>
  known({
    freeBytes: card.memoryBytes === undefined ? processor.freeBytes : card.freeBytes,
    utilization: card.utilization,
    temperature: card.temperature,
  });

const most = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
