import { holdCauses, type Measurement } from "@espalier/contract";
import { inGigabytes, type Finding } from "@espalier/store";
import type { GpuProcess } from "./nvidia-partitions.ts";

/** What was seen of a device at one moment. */
export type Observation =
  | { type: "silent"; reason: string }
  | { type: "missing"; reason: string }
  | {
      type: "seen";
      measurement: Measurement;
      /** A run of ours computes on it. */
      busy: boolean;
      /** Memory errors since the driver was loaded. */
      uncorrected?: number;
      faults?: readonly string[];
      foreign?: readonly GpuProcess[];
      /** Why no installed engine computes on it. */
      unusable?: string;
    };

export interface Standard {
  /** What an idle device must have free to take a run. */
  leastFreeBytes: number;
}

/** What is wrong with a device that was seen like this; `accepted` is the number of memory errors that operators know of. */
export function judge(observation: Observation, { leastFreeBytes }: Standard, accepted: number): Finding[] {
  if (observation.type === "silent") return [{ cause: "not-answering", reason: observation.reason }];
  if (observation.type === "missing") return [{ cause: "vanished", reason: observation.reason }];
  const { measurement, busy, uncorrected = 0, faults = [], foreign = [], unusable } = observation;
  const findings: Finding[] = [];
  if (unusable !== undefined) findings.push({ cause: "no-engine", reason: unusable });
  if (uncorrected > accepted)
    findings.push({
      cause: "memory-error",
      reason: `${uncorrected} uncorrectable memory errors since its driver was loaded.`,
      count: uncorrected,
    });
  if (faults.length > 0) findings.push({ cause: "device-error", reason: faults.join(" ") });
  if (foreign.length > 0) findings.push({ cause: "foreign-process", reason: describe(foreign) });
  const { freeBytes } = measurement;
  if (!busy && foreign.length === 0 && freeBytes !== undefined && freeBytes < leastFreeBytes)
    findings.push({
      cause: "low-memory",
      reason: `${inGigabytes(freeBytes)} are free and no run is on it; ${inGigabytes(leastFreeBytes)} are needed.`,
    });
  return findings;
}

function describe(processes: readonly GpuProcess[]): string {
  const shown = processes.slice(0, 3).map(({ pid, name, usedBytes }) => {
    const program = name.split("/").at(-1)?.slice(0, 40) || "unknown";
    return `${program} (process ${pid}${usedBytes === undefined ? "" : `, ${inGigabytes(usedBytes)}`})`;
  });
  const more = processes.length - shown.length;
  return `Not of the pool: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}

/**
 * Observations in a row before a finding counts. What an operator has to clear, and what passes when a run has just ended,
 * must be seen twice. Until then the device takes no run, and nothing is reported.
 */
const onset: Partial<Record<Finding["cause"], number>> = { vanished: 2, "device-error": 2, "low-memory": 2 };
/** Observations in a row without a finding before the device counts as well. */
const offset = 3;

/** The health of one device over time. Its findings do not flicker. */
export class Health {
  readonly #standard: Standard;
  readonly #seen = new Map<Finding["cause"], { finding: Finding; times: number; clear: number }>();
  #accepted = 0;
  #last: Observation | undefined;

  constructor(standard: Standard) {
    this.#standard = standard;
  }

  observe(observation: Observation): void {
    this.#last = observation;
    const now = judge(observation, this.#standard, this.#accepted);
    for (const finding of now) {
      const seen = this.#seen.get(finding.cause);
      // The reason that was given first stays while the finding lasts, except for errors, whose number grows.
      const first = seen !== undefined && finding.count === undefined ? seen.finding : finding;
      this.#seen.set(finding.cause, { finding: first, times: (seen?.times ?? 0) + 1, clear: 0 });
    }
    for (const [cause, seen] of this.#seen) {
      if (now.some((finding) => finding.cause === cause)) continue;
      seen.clear += 1;
      const lasting = this.#counts(cause) && holdCauses[cause].returns;
      if (!lasting || seen.clear >= offset) this.#seen.delete(cause);
    }
  }

  /** Sets how many memory errors operators know of. */
  accept(count: number): void {
    this.#accepted = count;
    const seen = this.#seen.get("memory-error");
    if (seen && (seen.finding.count ?? 0) <= count) this.#seen.delete("memory-error");
  }

  /** What is certainly wrong. */
  get findings(): Finding[] {
    return [...this.#seen.values()]
      .filter(({ finding }) => this.#counts(finding.cause))
      .map(({ finding }) => finding);
  }

  /** Whether nothing is wrong and nothing is suspected. */
  get ready(): boolean {
    return this.#last !== undefined && this.#seen.size === 0;
  }

  get measurement(): Measurement | undefined {
    return this.#last?.type === "seen" ? this.#last.measurement : undefined;
  }

  /** Memory errors since the driver was loaded. */
  get uncorrected(): number {
    return this.#last?.type === "seen" ? (this.#last.uncorrected ?? 0) : this.#accepted;
  }

  #counts(cause: Finding["cause"]): boolean {
    return (this.#seen.get(cause)?.times ?? 0) >= (onset[cause] ?? 1);
  }
}
