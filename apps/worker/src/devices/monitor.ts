import type { Measurement } from "@espalier/contract";
import { Health, type Observation } from "./health.ts";
import type { FoundDevice } from "./host.ts";
import { known } from "./known.ts";
import { Looks } from "./looks.ts";
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
  readonly #looks: Looks;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#looks = new Looks({ look: () => this.#look(), everySeconds: options.everySeconds });
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
  fresh(maxAgeSeconds: number): Promise<void> {
    return this.#looks.fresh(maxAgeSeconds);
  }

  /** Looks again and again, until it is stopped. */
  watch(): Promise<void> {
    return this.#looks.watch();
  }

  stop(): void {
    this.#looks.stop();
  }

  async #look(): Promise<boolean> {
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
          ? {
              ...observation,
              busy: this.#options.busy(position),
              foreign: foreign[position]!,
              ...known({ unusable: devices[position]!.unusable }),
            }
          : observation,
      );
    onLook();
    return true;
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
